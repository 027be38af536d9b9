//! Reading single fields, so that each error names the one at fault.

use serde_json::Value;

use super::enums::Enumerated;
use crate::{error::Error, model::time::Timestamp};

/// What RFC 3339 can hold, years 0 to 9999: a time beyond could not be shown, nor written as JSON.
const FIRST_MS: i64 = -62_167_219_200_000;
const LAST_MS: i64 = 253_402_300_799_999;

fn missing(field: &str) -> Error {
    Error::invalid_argument(field, format!("missing field `{field}`"))
}

/// A required scalar.
pub(super) fn present<T>(field: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| missing(field))
}

/// A required message.
pub(super) fn required<W, M>(field: &str, value: Option<W>) -> Result<M, Error>
where
    M: TryFrom<W, Error = Error>,
{
    M::try_from(present(field, value)?).map_err(|e| e.within(field))
}

/// A message that may be absent.
pub(super) fn optional<W, M>(field: &str, value: Option<W>) -> Result<Option<M>, Error>
where
    M: TryFrom<W, Error = Error>,
{
    value.map(M::try_from).transpose().map_err(|e| e.within(field))
}

/// A list of messages.
pub(super) fn list<W, M>(field: &str, values: Vec<W>) -> Result<Vec<M>, Error>
where
    M: TryFrom<W, Error = Error>,
{
    let item = |(i, value)| M::try_from(value).map_err(|e| e.within(&format!("{field}[{i}]")));
    values.into_iter().enumerate().map(item).collect()
}

/// An identifier, written as a string.
pub(super) fn id<I>(field: &str, value: String) -> Result<I, Error>
where
    I: TryFrom<String>,
    I::Error: std::fmt::Display,
{
    if value.is_empty() {
        return Err(missing(field));
    }
    I::try_from(value).map_err(|e| Error::invalid_argument(field, e.to_string()))
}

pub(super) fn optional_id<I>(field: &str, value: Option<String>) -> Result<Option<I>, Error>
where
    I: TryFrom<String>,
    I::Error: std::fmt::Display,
{
    value.map(|v| id(field, v)).transpose()
}

/// A number that JSON can hold as well.
pub(super) fn finite(field: &str, value: f64) -> Result<f64, Error> {
    if value.is_finite() { Ok(value) } else { Err(Error::invalid_argument(field, "must be finite")) }
}

pub(super) fn required_finite(field: &str, value: Option<f64>) -> Result<f64, Error> {
    finite(field, present(field, value)?)
}

pub(super) fn optional_finite(field: &str, value: Option<f64>) -> Result<Option<f64>, Error> {
    value.map(|v| finite(field, v)).transpose()
}

/// Milliseconds since the Unix epoch.
pub(super) fn time(field: &str, value: Option<i64>) -> Result<Timestamp, Error> {
    let ms = present(field, value)?;
    if (FIRST_MS..=LAST_MS).contains(&ms) {
        return Ok(Timestamp(ms));
    }
    Err(Error::invalid_argument(field, "not a time between the years 0 and 9999"))
}

/// JSON within a message.
pub(super) fn json(field: &str, text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|e| Error::invalid_argument(field, format!("not valid JSON: {e}")))
}

/// An enum that may be absent, which is its value 0.
pub(super) fn optional_enum<E: Enumerated>(field: &str, number: i32) -> Result<Option<E>, Error> {
    E::from_number(number)
        .ok_or_else(|| Error::invalid_argument(field, format!("{number} is not one of the known values")))
}

pub(super) fn required_enum<E: Enumerated>(field: &str, number: i32) -> Result<E, Error> {
    present(field, optional_enum(field, number)?)
}

pub(super) fn enum_or_default<E: Enumerated + Default>(field: &str, number: i32) -> Result<E, Error> {
    optional_enum(field, number).map(Option::unwrap_or_default)
}

pub(super) fn enums<E: Enumerated>(field: &str, numbers: Vec<i32>) -> Result<Vec<E>, Error> {
    let item = |(i, number)| required_enum(&format!("{field}[{i}]"), number);
    numbers.into_iter().enumerate().map(item).collect()
}
