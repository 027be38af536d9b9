//! A person's answer to what a page lets them choose.

use bus_schema::{error::Error, model::note::ChooserAnswer};

use super::Context;
use super::error::of_call;
use super::upload::staged;
use crate::page::{ChooserError, Chosen};

/// Gives the page the person's answer.
pub async fn answer_chooser(ctx: &Context, chooser: &str, answer: ChooserAnswer) -> Result<(), Error> {
    let chosen = match answer {
        ChooserAnswer::Value(value) => Some(Chosen::Value(value)),
        ChooserAnswer::Files(names) => Some(Chosen::Files(staged(&ctx.uploads, &names).await?)),
        ChooserAnswer::Cancel => None,
    };
    ctx.tabs.answer_chooser(chooser, chosen).await.map_err(|error| match error {
        ChooserError::Gone => Error::not_found(error.to_string()),
        ChooserError::BadValue => Error::invalid_argument("value", error.to_string()),
        ChooserError::OneFile => Error::invalid_argument("files", error.to_string()),
        ChooserError::Other(what) => {
            Error::invalid_argument(if what == "file" { "value" } else { "files" }, error.to_string())
        }
        ChooserError::Call(error) => of_call(error),
    })
}
