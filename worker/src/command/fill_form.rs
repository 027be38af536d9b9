//! `fill_form`: several fields at once, each named as a person reads it.

use std::time::Duration;

use bus_schema::error::{Error, ErrorCode};
use bus_schema::model::command::{FieldValue, FillForm};
use serde_json::json;
use tokio::time::Instant;

use super::Outcome;
use super::check::bring_to;
use super::control::Control;
use super::element::{Element, Pauses, Search, Wish, find, ready};
use super::job::Job;
use super::select_option::Selected;

/// How long the options of a select may take to come.
const OPTIONS: Duration = Duration::from_secs(3);

pub(super) async fn run(job: &Job<'_>, c: &FillForm) -> Result<Outcome, Error> {
    job.ctx.tabs.touch(job.n).await;
    // One after the other: what is filled may bring the next field, or its options.
    let mut filled = Vec::new();
    for (name, value) in c.fields.iter() {
        job.has_done(told(&filled), json!({ "filled": filled }));
        fill(job, name, value).await.map_err(|error| job.after_what_is_done(error))?;
        filled.push(name);
    }
    Outcome::of(&json!({ "filled": filled }))
}

/// For the error of the field behind these.
fn told(filled: &[&str]) -> String {
    if filled.is_empty() {
        return "nothing was filled before".to_owned();
    }
    format!("filled before: {}", filled.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
}

async fn fill(job: &Job<'_>, name: &str, value: &FieldValue) -> Result<(), Error> {
    let field = format!("fields.{name}");
    // A filled field may bring others, or replace them: each is looked for again.
    let element = find(job, &Search::field(name)).await?;
    let control = Control::of(&element).await?;
    let kind = control.kind.clone();
    match (kind.as_str(), value) {
        ("checkbox", _) => {
            let wanted = as_bool(value).ok_or_else(|| wants(&field, &control, "true or false"))?;
            bring_to(job, &control, wanted, &field).await.map(drop)
        }
        ("radio", FieldValue::Checked(true)) => bring_to(job, &control, true, &field).await.map(drop),
        ("radio", FieldValue::Text(text)) => choose_radio(job, &element, &control, text, &field).await,
        ("select", FieldValue::Text(text)) => select(job, name, std::slice::from_ref(text), &field).await,
        ("select", FieldValue::Texts(texts)) => select(job, name, texts, &field).await,
        ("picked", FieldValue::Text(text)) => {
            ready(job, &Search::field(name), Wish::FILL).await?;
            control.pick(text, &field).await
        }
        ("text" | "editable", FieldValue::Text(text)) => {
            let found = ready(job, &Search::field(name), Wish::FILL).await?;
            let control = Control::of(&found.element).await?;
            control.fill(job, text).await
        }
        ("text" | "editable" | "picked", _) => Err(wants(&field, &control, "a text")),
        ("select", _) => Err(wants(&field, &control, "a text, or a list of texts")),
        ("radio", _) => Err(wants(&field, &control, "true, or the value or label of a button of the group")),
        ("file", _) => Err(Error::invalid_argument(field, "a file is given with `upload`")),
        _ => Err(Error::invalid_argument(field, format!("{} cannot be filled", control.sketch))),
    }
}

fn as_bool(value: &FieldValue) -> Option<bool> {
    match value {
        FieldValue::Checked(checked) => Some(*checked),
        FieldValue::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => Some(true),
            "false" | "off" | "no" | "0" | "" => Some(false),
            _ => None,
        },
        FieldValue::Texts(_) => None,
    }
}

fn wants(field: &str, control: &Control, what: &str) -> Error {
    Error::invalid_argument(field, format!("{} wants {what}", control.sketch))
}

/// Chooses once the options are there: a field that was filled before may only just fetch them.
async fn select(job: &Job<'_>, name: &str, texts: &[String], field: &str) -> Result<(), Error> {
    let begun = Instant::now();
    let mut pauses = Pauses::default();
    loop {
        let found = ready(job, &Search::field(name), Wish::CHOOSE).await?;
        let control = Control::of(&found.element).await?;
        let selected: Selected = control.call("selectByEither", json!([control.token, texts])).await?;
        if selected.is_done() {
            return Ok(());
        }
        let again = selected.may_change() && begun.elapsed() < OPTIONS;
        let error = selected.into_error(field);
        if !again {
            // By now it is a mistake of the caller.
            return Err(Error { code: ErrorCode::InvalidArgument, ..error });
        }
        job.waits_for(error);
        pauses.next().await;
    }
}

async fn choose_radio(
    job: &Job<'_>,
    element: &Element,
    control: &Control,
    wanted: &str,
    field: &str,
) -> Result<(), Error> {
    let found: serde_json::Value = control.call("radioOf", json!([control.token, wanted])).await?;
    let Some(token) = found.get("token").and_then(serde_json::Value::as_u64) else {
        return Err(Error::invalid_argument(
            field,
            format!("no button `{wanted}` in the group of {}", control.sketch),
        ));
    };
    let chosen = Element { token, ..element.clone() };
    let control = Control::of(&chosen).await?;
    bring_to(job, &control, true, field).await.map(drop)
}
