//! `select_option`: choose in a `<select>`.

use bus_schema::error::Error;
use bus_schema::model::command::SelectOption;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Outcome;
use super::element::{Pauses, Search, Wish, ready};
use super::job::Job;

#[derive(Deserialize)]
pub(super) struct Selected {
    status: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    options: Vec<Value>,
    #[serde(default)]
    pub values: Vec<String>,
}

impl Selected {
    pub fn is_done(&self) -> bool {
        self.status == "ok"
    }

    /// Options may still come, or be enabled; a wrong element stays wrong.
    pub fn may_change(&self) -> bool {
        matches!(self.status.as_str(), "missing" | "disabled")
    }

    pub fn into_error(self, field: &str) -> Error {
        if self.may_change() {
            return Error::timeout(self.detail)
                .with_field(field)
                .with_context(json!({ "options": self.options }));
        }
        Error::invalid_argument(field, self.detail)
    }
}

pub(super) async fn run(job: &Job<'_>, c: &SelectOption) -> Result<Outcome, Error> {
    let search = Search::of(&c.target, "target")?;
    job.ctx.tabs.touch(job.n).await;
    let mut pauses = Pauses::default();
    loop {
        let found = ready(job, &search, Wish::CHOOSE).await?;
        let none = Vec::new();
        let (values, labels) = (c.values.as_ref().unwrap_or(&none), c.labels.as_ref().unwrap_or(&none));
        let args = json!([found.element.token, values, labels]);
        if let Ok(selected) = found.element.world.call::<Selected>("selectOptions", args).await {
            if selected.is_done() {
                return Outcome::of(&json!({ "values": selected.values }));
            }
            let again = selected.may_change();
            let error = selected.into_error("target");
            if !again {
                return Err(error);
            }
            job.waits_for(error);
        }
        pauses.next().await;
    }
}
