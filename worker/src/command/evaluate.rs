//! `evaluate`: the caller's script in the page's own world.

use std::sync::LazyLock;
use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::Evaluate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Outcome;
use super::element::{Element, Search, find};
use super::error::of_call;
use super::job::Job;
use super::place;
use super::stuck;
use super::world::{Returned, Thrown, WorldError, is_replaced};
use crate::cdp::{Answer, CallError, Cdp};
use crate::inject;
use crate::page::Tabs;

/// How many lines of a stack are of use to the caller.
const STACK_LINES: usize = 6;

pub(super) async fn run(job: &Job<'_>, c: &Evaluate) -> Result<Outcome, Error> {
    job.waits_for(Error::timeout("the script has not ended").with_field("expression").outcome_unknown());
    let answer = match &c.target {
        None => in_page(job, c).await?,
        Some(target) => {
            let element = find(job, &Search::of(target, "target")?).await?;
            job.waits_for(
                Error::timeout("the script has not ended").with_field("expression").outcome_unknown(),
            );
            on_element(job, c, &element).await?
        }
    };
    read(&answer)
}

/// What is plain comes with the first call. What is an object is looked at by a second one, so that the check is not
/// sent with each script.
async fn in_page(job: &Job<'_>, c: &Evaluate) -> Result<Answer, Error> {
    let evaluate = async |expression: String| {
        let params = json!({ "expression": expression, "awaitPromise": true });
        call(job, job.cdp(), "Runtime.evaluate", &params).await
    };
    let any = || {
        let (source, args) = (Value::from(c.expression.as_str()), Value::from(c.args.clone()));
        format!("{}({source}, {args}, {})", *inject::RUN, *inject::HOLD)
    };
    let answer = if may_be_simple(&c.expression) {
        let answer = evaluate(format!("{}(({}\n))", *inject::HOLD, c.expression)).await?;
        // What did not compile has not run.
        if is_uncompiled(&answer) { evaluate(any()).await? } else { answer }
    } else {
        evaluate(any()).await?
    };
    let returned = Returned::of(answer.bytes())?;
    let object = returned.result.object_id.filter(|_| returned.result.kind == "object");
    let Some(object) = object.filter(|_| returned.exception_details.is_none()) else { return Ok(answer) };
    let _release = Release { cdp: job.cdp().clone(), object };
    let params = json!({
        "objectId": object, "functionDeclaration": *CHECK_OF_THIS, "returnByValue": true, "awaitPromise": true,
    });
    call(job, job.cdp(), "Runtime.callFunctionOn", &params).await
}

/// Whether a source is probably an expression that is neither a function nor awaits: it is cheaper as it is.
fn may_be_simple(source: &str) -> bool {
    !["=>", "function", "await", "return", ";"].iter().any(|token| source.contains(token))
}

static CHECK_OF_THIS: LazyLock<String> =
    LazyLock::new(|| format!("function () {{ return {}(this, '', []); }}", *inject::CHECK));

/// Lets the browser forget an object.
struct Release<'a> {
    cdp: Cdp,
    object: &'a str,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.cdp.notify_raw("Runtime.releaseObject", &json!({ "objectId": self.object }));
    }
}

/// The element comes first among the arguments. The source stands in the function itself, because here the page's
/// policy may forbid to compile a text.
async fn on_element(job: &Job<'_>, c: &Evaluate, element: &Element) -> Result<Answer, Error> {
    let lost = |error: WorldError| error.into_error("the element");
    let frame = &element.frame;
    let context = frame.world.ok_or_else(|| lost(WorldError::Replaced))?;
    let node = place::backend_node(&element.world, element.token).await.map_err(lost)?;
    let object = place::node(&element.world, node, context).await.map_err(lost)?;
    let source = Value::from(c.expression.as_str());
    let mut arguments = vec![json!({ "value": c.args })];
    arguments.insert(0, json!({ "objectId": object }));
    let cdp = job.on(&frame.cdp);
    let declaration = |run: &str| {
        format!(
            "function (element, args) {{ return {}({run}, {source}, [element, ...args]); }}",
            *inject::CHECK
        )
    };
    let params = |run: &str| {
        json!({
            "objectId": object, "functionDeclaration": declaration(run), "arguments": arguments,
            "returnByValue": true, "awaitPromise": true,
        })
    };
    let method = "Runtime.callFunctionOn";
    let expression = params(&format!("({}\n)", c.expression));
    let answer = call(job, &cdp, method, &expression).await;
    match &answer {
        // Not an expression: statements, then. What did not compile has not run.
        Ok(given) if is_uncompiled(given) => {
            let statements = params(&format!("(async () => {{ {}\n }})()", c.expression));
            call(job, &cdp, method, &statements).await
        }
        Ok(_) | Err(_) => answer,
    }
}

fn is_uncompiled(answer: &Answer) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Peek {
        exception_details: Option<Details>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Details {
        #[serde(default)]
        text: String,
        stack_trace: Option<Value>,
        exception: Option<Class>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Class {
        #[serde(default)]
        class_name: String,
    }
    // An error that was thrown while running has a stack, and one that a promise was rejected with says so.
    answer.decode::<Peek>().ok().and_then(|peek| peek.exception_details).is_some_and(|details| {
        details.stack_trace.is_none()
            && !details.text.contains("in promise")
            && details.exception.is_some_and(|e| e.class_name == "SyntaxError")
    })
}

async fn call(job: &Job<'_>, cdp: &Cdp, method: &str, params: &Value) -> Result<Answer, Error> {
    let guard = Endless { cdp: cdp.clone(), tabs: job.ctx.tabs.clone(), n: job.n, armed: true };
    let answer = cdp.call_answer(method, params).await;
    guard.done();
    answer.map_err(|error| {
        let said = if let CallError::Protocol { message, .. } = &error { message.as_str() } else { "" };
        if is_replaced(said) {
            return Error::browser_error("the page was replaced while the script ran").outcome_unknown();
        }
        if said.contains("reference chain is too long") {
            return Error::browser_error("the result is nested too deeply for JSON");
        }
        of_call(error)
    })
}

/// Ends a script that never returns, so that the page can be used again.
struct Endless {
    cdp: Cdp,
    tabs: Tabs,
    n: u32,
    armed: bool,
}

impl Endless {
    fn done(mut self) {
        self.armed = false;
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.armed {
            return;
        }
        let (cdp, tabs, n) = (self.cdp.with_timeout(Duration::from_secs(5)), self.tabs.clone(), self.n);
        runtime.spawn(async move { stuck::free(&cdp, &tabs, n).await });
    }
}

/// The value as it came, without reading it again.
fn read(answer: &Answer) -> Result<Outcome, Error> {
    let returned = Returned::of(answer.bytes())?;
    if let Some(thrown) = &returned.exception_details {
        return Err(explain(thrown));
    }
    let remote = returned.result;
    match (remote.value, remote.unserializable_value) {
        (Some(value), _) => {
            let mut json = String::with_capacity(value.get().len() + 10);
            json.push_str("{\"value\":");
            json.push_str(value.get());
            json.push('}');
            Outcome::raw(json)
        }
        (None, Some("-0")) => Outcome::raw("{\"value\":-0.0}".to_owned()),
        (None, Some(number)) if number.ends_with('n') => Err(cannot_hold("BigInt", "")),
        (None, Some(number)) => Err(cannot_hold(number, "")),
        (None, None) if remote.kind == "undefined" => {
            Outcome::raw("{\"value\":null,\"type\":\"undefined\"}".to_owned())
        }
        (None, None) => Err(cannot_hold(remote.kind, "")),
    }
}

fn explain(thrown: &Thrown) -> Error {
    let text = thrown.text();
    if let Some(rest) = text.split("rookery cannot hold: ").nth(1) {
        let line = rest.lines().next().unwrap_or_default();
        let (kind, path) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        if kind == "too large" {
            return Error::payload_too_large("the result is larger than 250 MB");
        }
        return cannot_hold(kind, path);
    }
    if text.contains("Execution was terminated") || text.contains("Script execution was interrupted") {
        return Error::browser_error("the script was ended because it did not return").outcome_unknown();
    }
    let stack: Vec<String> = text
        .lines()
        .skip(1)
        .map(str::trim)
        // What stands in front of the caller's own script.
        .take_while(|line| !line.starts_with("at finish (") && !line.starts_with("at runSource ("))
        .filter(|line| *line != "at eval (<anonymous>)")
        .map(in_script)
        .take(STACK_LINES)
        .collect();
    Error::browser_error(format!("the script threw {}", thrown.first_line()))
        .with_context(json!({ "message": thrown.first_line(), "stack": stack }))
}

/// A line of a stack without what the script was compiled by: `at eval (eval at compile (:10:14), <anonymous>:1:5)`.
fn in_script(line: &str) -> String {
    let Some((name, rest)) = line.split_once(" (eval at ") else { return line.to_owned() };
    let place = rest.rsplit_once(", ").map_or(rest, |(_, place)| place);
    match name {
        "at eval" => format!("at {}", place.trim_end_matches(')')),
        name => format!("{name} ({place}"),
    }
}

/// `path`: where in the result it was met, if not at the top.
fn cannot_hold(kind: &str, path: &str) -> Error {
    let place = if path.is_empty() { "is".to_owned() } else { format!("holds at `{path}`") };
    let what = match kind {
        "cyclic" => "a cyclic reference".to_owned(),
        "too deep" => "a structure nested too deeply".to_owned(),
        "NaN" | "Infinity" | "-Infinity" => kind.to_owned(),
        kind => format!("a {kind}"),
    };
    Error::browser_error(format!("the result {place} {what}, which JSON cannot hold"))
        .with_context(json!({ "kind": kind, "path": path }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_shows_the_script_and_not_what_ran_it() {
        for (line, shown) in [
            ("at eval (eval at runSource (:18:17), <anonymous>:1:6)", "at <anonymous>:1:6"),
            ("at buy (eval at compile (:9:14), <anonymous>:3:8)", "at buy (<anonymous>:3:8)"),
            ("at render (https://site.test/app.js:7:1)", "at render (https://site.test/app.js:7:1)"),
        ] {
            assert_eq!(in_script(line), shown);
        }
    }
}
