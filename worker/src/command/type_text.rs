//! `type`: text into a field.

use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::Type;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Outcome;
use super::click::{Press, once_met};
use super::control::Control;
use super::element::{Element, Search, Wish, find, ready};
use super::job::Job;
use super::keyboard;
use super::settle::Settle;

pub(super) async fn run(job: &Job<'_>, c: &Type) -> Result<Outcome, Error> {
    let settle = Settle::watch(job);
    job.ctx.tabs.touch(job.n).await;
    let into = match &c.target {
        Some(target) => into_target(job, c, &Search::of(target, "target")?).await?,
        None => into_focused(job, c).await?,
    };
    let characters = match into {
        None => c.text.chars().count(),
        Some(field) => {
            let before = field.room().await?;
            enter(job, &c.text, c.delay_ms).await?;
            match before {
                Some(before) => field.arrived(&before, &c.text).await?,
                None => c.text.chars().count(),
            }
        }
    };
    if c.submit {
        keyboard::press_all(job, "Enter").await?;
    }
    settle.wait(job).await;
    // What was typed is not repeated: it may be a secret.
    Outcome::of(&json!({ "characters": characters }))
}

/// What has the caret, to be typed into.
struct Field {
    element: Element,
    /// Of the control; absent for what has the focus.
    token: Option<u64>,
}

/// What is in an input that may not take every text.
#[derive(Deserialize)]
struct Room {
    characters: usize,
    bad: bool,
    #[serde(rename = "type")]
    kind: String,
    sketch: String,
}

impl Field {
    async fn room(&self) -> Result<Option<Room>, Error> {
        self.element.call("roomOf", json!([self.token])).await
    }

    /// How much of a text is there now: an input drops what it does not take.
    async fn arrived(&self, before: &Room, text: &str) -> Result<usize, Error> {
        let typed = text.chars().count();
        // A page may have put another field in its place; then nothing is known of it.
        let Some(after) = self.room().await.ok().flatten() else { return Ok(typed) };
        let arrived = after.characters.saturating_sub(before.characters).min(typed);
        if after.kind == "number" && typed > 0 && (after.bad || arrived == 0) {
            let detail = format!("the text makes no number in {}", after.sketch);
            return Err(Error::invalid_argument("text", detail));
        }
        Ok(arrived)
    }
}

/// Brings the caret into the target; where the text is picked, as of a date, it is in already and there is none.
async fn into_target(job: &Job<'_>, c: &Type, search: &Search) -> Result<Option<Field>, Error> {
    if search.point.is_some() {
        let met = once_met(job, search, Wish { guard: false, ..Wish::CLICK }, Press::PLAIN).await?;
        if c.clear {
            clear_focused(job).await?;
        }
        return Ok(Some(Field { element: met.element, token: None }));
    }
    let found = ready(job, search, Wish::FILL).await?;
    let control = Control::of(&found.element).await?;
    let caret = Some(Field { element: found.element, token: Some(control.token) });
    match control.kind.as_str() {
        "text" | "editable" => {
            control.focus(job, c.clear).await?;
            Ok(caret)
        }
        "picked" => {
            control.pick(&c.text, "text").await?;
            Ok(None)
        }
        "select" => Err(wrong(search, &control, "use `select_option`")),
        "checkbox" | "radio" => Err(wrong(search, &control, "use `check`")),
        "file" => Err(wrong(search, &control, "use `upload`")),
        _ => {
            // Anything that takes the focus may listen to keys, such as a canvas or a list.
            control.focus(job, false).await?;
            Ok(caret)
        }
    }
}

fn wrong(search: &Search, control: &Control, instead: &str) -> Error {
    Error::invalid_argument(search.name_of_field(), format!("{} takes no text; {instead}", control.sketch))
}

async fn into_focused(job: &Job<'_>, c: &Type) -> Result<Option<Field>, Error> {
    #[derive(Deserialize)]
    struct Focus {
        status: String,
    }
    let search = Search::of(&bus_schema::model::target::Target::selector("html"), "target")?;
    let page = find(job, &search).await?;
    let focus: Focus = page.call("takesText", Value::Null).await?;
    if focus.status == "none" {
        return Err(Error::conflict("nothing has the focus; name a `target`").with_field("target"));
    }
    if c.clear {
        clear_focused(job).await?;
    }
    Ok(Some(Field { element: page, token: None }))
}

async fn clear_focused(job: &Job<'_>) -> Result<(), Error> {
    keyboard::press_all(job, "Control+a").await?;
    keyboard::press_all(job, "Delete").await
}

pub(super) async fn enter(job: &Job<'_>, text: &str, delay_ms: u32) -> Result<(), Error> {
    if delay_ms == 0 {
        return if text.is_empty() { Ok(()) } else { keyboard::insert(job, text).await };
    }
    for (i, cluster) in clusters(text).into_iter().enumerate() {
        if i > 0 {
            tokio::time::sleep(Duration::from_millis(u64::from(delay_ms))).await;
        }
        let mut chars = cluster.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => keyboard::type_char(job, c).await?,
            _ => keyboard::insert(job, cluster).await?,
        }
    }
    Ok(())
}

/// What a person sees as one character: an emoji of several parts must not arrive in pieces.
fn clusters(text: &str) -> Vec<&str> {
    let joins = |c: char| {
        matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}'
            | '\u{20d0}'..='\u{20ff}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
    };
    let is_flag = |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
    let mut found = Vec::new();
    let mut start = 0;
    let mut before = None;
    let mut flags = 0;
    for (at, c) in text.char_indices() {
        flags = if is_flag(c) { flags + 1 } else { 0 };
        let goes_on = joins(c) || before == Some('\u{200d}') || (is_flag(c) && flags % 2 == 0);
        if at > start && !goes_on {
            found.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_one_character_stays_one() {
        assert_eq!(clusters("aä漢"), ["a", "ä", "漢"]);
        assert_eq!(clusters("👩‍👩‍👧x"), ["👩‍👩‍👧", "x"]);
        assert_eq!(clusters("👍🏽🇩🇪🇫🇷"), ["👍🏽", "🇩🇪", "🇫🇷"]);
        assert_eq!(clusters("e\u{301}e"), ["e\u{301}", "e"]);
        assert!(clusters("").is_empty());
    }
}
