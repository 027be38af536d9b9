//! Human input, checked before it goes to a session.

use bus_schema::{
    Error,
    model::{
        input::{InputBatch, InputEvent, MAX_EVENTS},
        validate::range,
    },
};

/// The largest coordinate: beyond every viewport.
const MAX_COORDINATE: f64 = 100_000.0;
const MAX_POINTS: usize = 16;
const MAX_KEY: usize = 64;
const MAX_TEXT: usize = 64 * 1024;
const MAX_PASTE: usize = 512 * 1024;
/// All texts of a message: it has to fit into one of the bus.
const MAX_TEXTS: usize = 768 * 1024;

/// Fails with the event that is out of range.
pub fn check(batch: &InputBatch) -> Result<(), Error> {
    if batch.events.len() > MAX_EVENTS {
        return Err(Error::invalid_argument("events", format!("at most {MAX_EVENTS} events")));
    }
    batch.events.iter().enumerate().try_for_each(|(i, event)| check_event(&format!("events[{i}]"), event))?;
    let bytes: usize = batch.events.iter().map(text_bytes).sum();
    if bytes > MAX_TEXTS {
        return Err(Error::invalid_argument("events", format!("at most {MAX_TEXTS} bytes of text")));
    }
    Ok(())
}

fn text_bytes(event: &InputEvent) -> usize {
    match event {
        InputEvent::Text { text } | InputEvent::Paste { text } | InputEvent::Compose { text, .. } => {
            text.len()
        }
        InputEvent::Mouse { .. }
        | InputEvent::Wheel { .. }
        | InputEvent::Key { .. }
        | InputEvent::Touch { .. }
        | InputEvent::Copy {}
        | InputEvent::Cut {} => 0,
    }
}

fn check_event(field: &str, event: &InputEvent) -> Result<(), Error> {
    match event {
        InputEvent::Mouse { x, y, click_count, .. } => {
            point(field, *x, *y)?;
            range(&format!("{field}.click_count"), *click_count, 0, 3)
        }
        InputEvent::Wheel { x, y, delta_x, delta_y, .. } => {
            point(field, *x, *y)?;
            range(&format!("{field}.delta_x"), *delta_x, -MAX_COORDINATE, MAX_COORDINATE)?;
            range(&format!("{field}.delta_y"), *delta_y, -MAX_COORDINATE, MAX_COORDINATE)
        }
        InputEvent::Key { key, code, .. } => {
            at_most(&format!("{field}.key"), key, MAX_KEY)?;
            at_most(&format!("{field}.code"), code, MAX_KEY)
        }
        InputEvent::Touch { points, .. } => {
            range(&format!("{field}.points"), points.len(), 0, MAX_POINTS)?;
            points.iter().try_for_each(|p| point(field, p.x, p.y))
        }
        InputEvent::Text { text } | InputEvent::Compose { text, .. } => {
            at_most(&format!("{field}.text"), text, MAX_TEXT)
        }
        InputEvent::Paste { text } => at_most(&format!("{field}.text"), text, MAX_PASTE),
        InputEvent::Copy {} | InputEvent::Cut {} => Ok(()),
    }
}

/// A pointer may leave the viewport while a button is held.
fn point(field: &str, x: f64, y: f64) -> Result<(), Error> {
    range(&format!("{field}.x"), x, -MAX_COORDINATE, MAX_COORDINATE)?;
    range(&format!("{field}.y"), y, -MAX_COORDINATE, MAX_COORDINATE)
}

fn at_most(field: &str, text: &str, max: usize) -> Result<(), Error> {
    if text.len() <= max {
        Ok(())
    } else {
        Err(Error::invalid_argument(field, format!("at most {max} bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(events: serde_json::Value) -> InputBatch {
        serde_json::from_value(serde_json::json!({ "epoch": 1, "events": events })).unwrap()
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (event, field) in [
            (serde_json::json!({"kind":"mouse","event":"move","x":1e9,"y":0}), "events[0].x"),
            (
                serde_json::json!({"kind":"mouse","event":"down","x":1,"y":0,"click_count":9}),
                "events[0].click_count",
            ),
            (serde_json::json!({"kind":"key","event":"down","key":"k".repeat(65)}), "events[0].key"),
            (serde_json::json!({"kind":"wheel","x":0,"y":0,"delta_x":0,"delta_y":1e7}), "events[0].delta_y"),
        ] {
            let e = check(&batch(serde_json::json!([event]))).unwrap_err();
            assert_eq!(e.field.as_deref(), Some(field));
        }
        let key = serde_json::json!({"kind":"key","event":"down","key":"a"});
        check(&batch(serde_json::json!([key]))).unwrap();
        assert!(check(&batch(serde_json::Value::Array(vec![key; MAX_EVENTS + 1]))).is_err());
        let paste = |bytes: usize| serde_json::json!({"kind":"paste","text":"p".repeat(bytes)});
        check(&batch(serde_json::json!([paste(MAX_PASTE)]))).unwrap();
        for (events, field) in [
            (serde_json::json!([paste(MAX_PASTE + 1)]), "events[0].text"),
            (serde_json::json!([paste(MAX_PASTE), paste(MAX_PASTE)]), "events"),
            (serde_json::json!([{"kind":"compose","text":"c".repeat(MAX_TEXT + 1)}]), "events[0].text"),
        ] {
            assert_eq!(check(&batch(events)).unwrap_err().field.as_deref(), Some(field));
        }
    }
}
