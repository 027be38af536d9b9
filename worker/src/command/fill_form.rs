//! `fill_form`: several fields at once, each named as a person reads it.

use bus_schema::error::Error;
use bus_schema::model::command::{FieldValue, FillForm};
use serde_json::json;

use super::Outcome;
use super::check::bring_to;
use super::control::Control;
use super::element::{Element, Search, Wish, find, ready};
use super::job::Job;
use super::select_option::Selected;

pub(super) async fn run(job: &Job<'_>, c: &FillForm) -> Result<Outcome, Error> {
    job.ctx.tabs.touch(job.n).await;
    // All are found before the first is filled, so that a misspelt name leaves the form as it was.
    let mut filled = Vec::with_capacity(c.fields.len());
    for name in c.fields.keys() {
        find(job, &Search::field(name)).await?;
    }
    for (name, value) in &c.fields {
        fill(job, name, value).await?;
        filled.push(name);
    }
    Outcome::of(&json!({ "filled": filled }))
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
        ("select", FieldValue::Text(text)) => select(&control, std::slice::from_ref(text), &field).await,
        ("select", FieldValue::Texts(texts)) => select(&control, texts, &field).await,
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

async fn select(control: &Control, texts: &[String], field: &str) -> Result<(), Error> {
    let selected: Selected = control.call("selectByEither", json!([control.token, texts])).await?;
    if selected.is_done() {
        return Ok(());
    }
    let error = selected.into_error(field);
    // A form does not wait for options to come: what is not there is a mistake of the caller.
    Err(Error { code: bus_schema::error::ErrorCode::InvalidArgument, ..error })
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
