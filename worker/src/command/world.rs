//! The worlds in which this worker's script runs, one per document, made when first needed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bus_schema::error::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::of_call;
use crate::cdp::{CallError, Cdp};
use crate::inject;
use crate::page::FrameHandle;

/// The name under which DevTools shows it.
const NAME: &str = "rookery";

/// Worlds kept; frames that are gone leave theirs behind until then.
const KEPT: usize = 256;

/// The script's object in one document.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub cdp: Cdp,
    /// Its execution context.
    pub context: i64,
    object: String,
}

/// Why a call into a page has no result.
#[derive(Debug)]
pub(super) enum WorldError {
    /// The document was replaced. Whoever looks again finds the new one.
    Replaced,
    Failed(Error),
}

impl From<Error> for WorldError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<CallError> for WorldError {
    fn from(error: CallError) -> Self {
        match &error {
            CallError::Protocol { message, .. } if is_replaced(message) => Self::Replaced,
            CallError::Protocol { code: -32001, .. } | CallError::Detached => Self::Replaced,
            CallError::Protocol { .. }
            | CallError::Timeout(_)
            | CallError::Crashed
            | CallError::Closed(_)
            | CallError::Oversized { .. }
            | CallError::Decode(_) => Self::Failed(of_call(error)),
        }
    }
}

/// Chromium's words for a document that is no longer there.
pub(super) fn is_replaced(message: &str) -> bool {
    [
        "Cannot find context with specified id",
        "Could not find object with given id",
        "Execution context was destroyed",
        "Inspected target navigated or closed",
        "No frame for given id found",
        "No frame with given id found",
        "Frame with the given id was not found",
        "Frame with the given frameId is not found",
        "Cannot find default execution context",
        "uniqueContextId not found",
    ]
    .iter()
    .any(|known| message.contains(known))
}

/// One document: the frame, which of its documents, and the context of the page's own scripts in it.
type Key = (String, u64, i64);

#[derive(Default)]
pub(super) struct Worlds {
    known: Mutex<HashMap<Key, World>>,
}

impl Worlds {
    /// The world of a frame's present document.
    pub async fn of(&self, frame: &FrameHandle, cdp: Cdp) -> Result<World, WorldError> {
        // The page's own context comes and goes with the document.
        let main = frame.world.ok_or(WorldError::Replaced)?;
        let key = (frame.id.clone(), frame.document, main);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(world) = known {
            return Ok(World { cdp, ..world });
        }
        let world = install(&frame.id, cdp).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(of, _, _), _| *of != frame.id);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(key, world.clone());
        Ok(world)
    }

    /// A world turned out to be gone.
    pub fn forget(&self, world: &World) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, known| known.object != world.object);
    }
}

async fn install(frame: &str, cdp: Cdp) -> Result<World, WorldError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Created {
        execution_context_id: i64,
    }
    let params = json!({ "frameId": frame, "worldName": NAME, "grantUniveralAccess": false });
    let created: Created = cdp.call_answer("Page.createIsolatedWorld", &params).await?.decode()?;
    let context = created.execution_context_id;
    let params = json!({ "expression": inject::SOURCE, "contextId": context });
    let answer = cdp.call_answer("Runtime.evaluate", &params).await?;
    let made = Returned::of(answer.bytes())?;
    if let Some(thrown) = made.exception_details {
        return Err(Error::internal(format!("the page's script failed: {}", thrown.text())).into());
    }
    let object = made.result.object_id.ok_or(WorldError::Replaced)?.to_owned();
    Ok(World { cdp, context, object })
}

/// The answer of `Runtime.evaluate` and `Runtime.callFunctionOn`. After a throw the value is what was thrown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Returned<'a> {
    #[serde(borrow)]
    pub result: RemoteObject<'a>,
    pub exception_details: Option<Thrown>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemoteObject<'a> {
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Not read yet. `null` is a value too.
    #[serde(borrow, default, deserialize_with = "given")]
    pub value: Option<&'a RawValue>,
    pub unserializable_value: Option<&'a str>,
    pub object_id: Option<&'a str>,
}

fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

impl<'a> Returned<'a> {
    pub fn of(answer: &'a [u8]) -> Result<Self, Error> {
        serde_json::from_slice(answer)
            .map_err(|error| Error::internal(format!("the browser's answer cannot be read: {error}")))
    }

    /// What a function of the page's own script gave.
    fn value<T: DeserializeOwned>(&self, function: &str) -> Result<T, Error> {
        if let Some(thrown) = &self.exception_details {
            if thrown.text().starts_with("Error: rookery too large") {
                return Err(Error::payload_too_large("the page holds more than 250 MB"));
            }
            return Err(Error::internal(format!("{function} failed in the page: {}", thrown.text())));
        }
        let value = self.result.value.map_or("null", RawValue::get);
        serde_json::from_str(value)
            .map_err(|error| Error::internal(format!("the page's script gave no {function}: {error}")))
    }
}

#[derive(Deserialize)]
pub(super) struct Thrown {
    #[serde(default)]
    text: String,
    exception: Option<ThrownObject>,
}

#[derive(Deserialize)]
struct ThrownObject {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    description: String,
    value: Option<Value>,
}

impl Thrown {
    /// As the console would show it: an error with its stack, any other value as it is.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.exception {
            Some(ThrownObject { description, .. }) if !description.is_empty() => description.into(),
            Some(ThrownObject { value: Some(Value::String(text)), .. }) => text.into(),
            Some(ThrownObject { value: Some(value), .. }) => value.to_string().into(),
            // Thrown itself, `null` is a value that serde takes for none.
            Some(ThrownObject { kind, .. }) if kind == "object" => "null".into(),
            Some(_) | None => self.text.as_str().into(),
        }
    }

    /// What was thrown, without its stack.
    pub fn first_line(&self) -> String {
        self.text().lines().next().unwrap_or_default().chars().take(1_000).collect()
    }
}

impl World {
    /// Calls one of the script's functions and waits for what it gives, promises included.
    pub async fn call<T: DeserializeOwned>(&self, function: &str, args: Value) -> Result<T, WorldError> {
        let answer = self.call_on(function, wrap(args), true).await?;
        Ok(Returned::of(&answer)?.value(function)?)
    }

    /// Calls a function that takes or gives an object; gives the object's id.
    pub async fn object(&self, function: &str, args: Vec<Value>) -> Result<String, WorldError> {
        let answer = self.call_on(function, args, false).await?;
        Returned::of(&answer)?.result.object_id.map(str::to_owned).ok_or(WorldError::Replaced)
    }

    /// Holds an element of this world, given by its object id.
    pub async fn hold(&self, object: &str) -> Result<u64, WorldError> {
        let answer = self.call_on("hold", vec![json!({ "objectId": object })], true).await?;
        Ok(Returned::of(&answer)?.value("hold")?)
    }

    async fn call_on(
        &self,
        function: &str,
        arguments: Vec<Value>,
        by_value: bool,
    ) -> Result<bytes::Bytes, WorldError> {
        let params = json!({
            "objectId": self.object,
            "functionDeclaration": format!("function(...a){{return this.{function}(...a)}}"),
            "arguments": arguments,
            "returnByValue": by_value,
            "awaitPromise": true,
        });
        Ok(self.cdp.call_answer("Runtime.callFunctionOn", &params).await?.bytes().clone())
    }
}

/// An array of plain values as arguments of a call.
fn wrap(args: Value) -> Vec<Value> {
    match args {
        Value::Array(args) => args.into_iter().map(|value| json!({ "value": value })).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => Vec::new(),
    }
}
