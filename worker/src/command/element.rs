//! From a target to one element that is ready to be acted on.

use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::Position;
use bus_schema::model::target::{FrameRef, Locator, Target};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::of_tab;
use super::job::Job;
use super::order;
use super::place;
use super::refs::{Holder, Home};
use super::world::{World, WorldError};
use crate::page::FrameHandle;

/// Pauses between looks; the last one repeats.
const PAUSES: [u64; 5] = [0, 20, 50, 100, 100];

/// One element of one document.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub frame: FrameHandle,
    pub world: World,
    pub token: u64,
}

/// How an element is looked for, as the page's script takes it.
#[derive(Clone, Debug)]
pub(super) struct Search {
    pub by: Value,
    /// For messages.
    pub shown: String,
    /// Of the target in the command.
    field: String,
    frame: Option<FrameRef>,
    pub nth: Option<u32>,
    /// The id of the one frame it can be in.
    only: Option<String>,
    /// The number of a ref.
    pub reference: Option<u64>,
    pub point: Option<(f64, f64)>,
}

impl Search {
    pub fn of(target: &Target, field: &str) -> Result<Self, Error> {
        let (way, value) = match &target.locator {
            Locator::Ref(value) => ("ref", value),
            Locator::Role { role, .. } => ("role", role),
            Locator::Text(value) => ("text", value),
            Locator::Label(value) => ("label", value),
            Locator::Placeholder(value) => ("placeholder", value),
            Locator::TestId(value) => ("test_id", value),
            Locator::Selector(value) => ("selector", value),
            Locator::Point { x, y } => return Self::at_point(target, *x, *y, field),
        };
        let reference = match way {
            "ref" => Some(number_of(value).ok_or_else(|| {
                Error::invalid_argument(
                    format!("{field}.ref"),
                    "a ref is `e` and a number, as `observe` gives it",
                )
            })?),
            _ => None,
        };
        if value.trim().is_empty() {
            return Err(Error::invalid_argument(format!("{field}.{way}"), "must not be empty"));
        }
        let mut by = json!({ "way": way, "value": value });
        let mut shown = format!("{way} {value:?}");
        if let Locator::Role { name: Some(name), .. } = &target.locator {
            by["name"] = name.as_str().into();
            shown = format!("{shown} named {name:?}");
        }
        let (frame, nth, field) = (target.frame.clone(), target.nth, field.to_owned());
        Ok(Self { by, shown, field, frame, nth, only: None, reference, point: None })
    }

    /// Whether the point is within the far edges, the page says: only it knows its viewport.
    fn at_point(target: &Target, x: f64, y: f64, field: &str) -> Result<Self, Error> {
        for (axis, at) in [("x", x), ("y", y)] {
            if at < 0.0 {
                let detail = format!("{at} is outside the viewport: points count from its upper left corner");
                return Err(Error::invalid_argument(format!("{field}.{axis}"), detail));
            }
        }
        Ok(Self {
            by: json!({ "way": "point", "x": x, "y": y }),
            shown: format!("point {x}, {y}"),
            field: field.to_owned(),
            frame: Some(target.frame.clone().unwrap_or(FrameRef::Number(0))),
            nth: None,
            only: None,
            reference: None,
            point: Some((x, y)),
        })
    }

    /// A field of a form as people name it.
    pub fn field(name: &str) -> Self {
        Self {
            by: json!({ "way": "field", "value": name }),
            shown: format!("field {name:?}"),
            field: format!("fields.{name}"),
            frame: None,
            nth: None,
            only: None,
            reference: None,
            point: None,
        }
    }

    /// An element that was found before. It is not looked for again when it is lost.
    pub fn held(element: &Element, field: &str, shown: &str) -> Self {
        Self {
            by: json!({ "way": "held", "value": element.token }),
            shown: shown.to_owned(),
            field: field.to_owned(),
            frame: None,
            nth: None,
            only: Some(element.frame.id.clone()),
            reference: None,
            point: None,
        }
    }

    pub fn name_of_field(&self) -> &str {
        &self.field
    }

    /// The frames to look in, in their order.
    pub async fn frames(&self, job: &Job<'_>) -> Result<Vec<FrameHandle>, Error> {
        if let Some(only) = &self.only {
            let mut frames = job.ctx.tabs.frames(job.n).map_err(of_tab)?;
            frames.retain(|frame| frame.id == *only);
            return Ok(frames);
        }
        if self.frame == Some(FrameRef::Number(0)) {
            // The main one is first in any order.
            return Ok(job.ctx.tabs.frames(job.n).map_err(of_tab)?.into_iter().take(1).collect());
        }
        let frames = order::frames(job).await?;
        Ok(match &self.frame {
            None => frames,
            Some(FrameRef::Number(n)) => frames.into_iter().skip(*n as usize).take(1).collect(),
            Some(FrameRef::Name(name)) => {
                let named: Vec<_> = frames.iter().filter(|frame| frame.name == *name).cloned().collect();
                if !named.is_empty() {
                    return Ok(named);
                }
                frames.into_iter().filter(|frame| frame.url.contains(name.as_str())).collect()
            }
        })
    }

    /// Of a ref: the frame that shows its document; none when that is gone.
    pub async fn home(&self, job: &Job<'_>, number: u64) -> Result<Option<FrameHandle>, Error> {
        let home = match job.ctx.outlines.refs.holder(number) {
            Holder::Document(home) => home,
            Holder::Gone => return Ok(None),
            Holder::Nobody => return Err(self.no_ref("was never given out; observe first")),
        };
        if home.n != job.n {
            let here = job.ctx.tabs.frames(home.n).is_ok_and(|frames| is_shown(&home, &frames));
            if here {
                return Err(self.no_ref(&format!("is of tab {}; give `tab`, or observe this one", home.n)));
            }
            return Ok(None);
        }
        let all = job.ctx.tabs.frames(job.n).map_err(of_tab)?;
        let wanted = if self.frame.is_some() { self.frames(job).await? } else { all.clone() };
        let frame = wanted.into_iter().find(|frame| home.is_shown_by(frame));
        if frame.is_none() && is_shown(&home, &all) {
            return Err(self.no_ref("is in another frame than the one given; leave `frame` out"));
        }
        Ok(frame)
    }

    /// A ref whose document or element is gone for good.
    pub fn gone(&self) -> Error {
        self.no_ref("is no longer in the page; observe again")
    }

    fn no_ref(&self, detail: &str) -> Error {
        Error::not_found(format!("{} {detail}", self.shown)).with_field(format!("{}.ref", self.field))
    }

    fn nothing(&self, detail: &str) -> Error {
        Error::timeout(format!("{} {detail}", self.shown))
            .with_field(self.field.clone())
            .with_context(json!({ "check": "attached" }))
    }
}

/// The number of a ref; one that is beyond all numbers belongs to nobody.
fn number_of(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('e').filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))?;
    Some(digits.parse().unwrap_or(u64::MAX))
}

fn is_shown(home: &Home, frames: &[FrameHandle]) -> bool {
    frames.iter().any(|frame| home.is_shown_by(frame))
}

#[derive(Deserialize)]
struct Found {
    status: String,
    #[serde(default)]
    count: u32,
    #[serde(default)]
    token: u64,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    matches: Vec<Value>,
}

/// Looks once, in all frames. `None` when nothing matches yet; the job knows then what it waits for.
pub(super) async fn look(job: &Job<'_>, search: &Search) -> Result<Option<Element>, Error> {
    if let Some(number) = search.reference {
        return look_up(job, search, number).await.map(Some);
    }
    let frames = search.frames(job).await?;
    if frames.is_empty() {
        job.waits_for(search.nothing("is in a frame that is not there"));
        return Ok(None);
    }
    let mut passed = 0;
    for frame in frames {
        let nth = search.nth.map(|nth| nth.saturating_sub(passed));
        match look_in(job, search, &frame, nth).await {
            Ok((world, found)) => match found.status.as_str() {
                "one" => return Ok(Some(Element { frame, world, token: found.token })),
                "many" => return Err(ambiguous(search, &found)),
                "invalid" => {
                    return Err(Error::invalid_argument(search.field.clone(), found.detail));
                }
                _ => passed += found.count,
            },
            Err(WorldError::Replaced) => {}
            Err(WorldError::Failed(error)) => return Err(error),
        }
    }
    if search.by["way"] == "held" {
        return Err(detached(&search.shown));
    }
    job.waits_for(match passed {
        0 => search.nothing("matches nothing"),
        n => search.nothing(&format!("matches {n} elements, fewer than `nth` asks for")),
    });
    Ok(None)
}

/// The element of a ref. What is gone does not come back, so nothing is waited for.
async fn look_up(job: &Job<'_>, search: &Search, number: u64) -> Result<Element, Error> {
    let Some(frame) = search.home(job, number).await? else { return Err(search.gone()) };
    match look_in(job, search, &frame, search.nth).await {
        Ok((world, found)) if found.status == "one" => Ok(Element { frame, world, token: found.token }),
        Ok(_) | Err(WorldError::Replaced) => Err(search.gone()),
        Err(WorldError::Failed(error)) => Err(error),
    }
}

async fn look_in(
    job: &Job<'_>,
    search: &Search,
    frame: &FrameHandle,
    nth: Option<u32>,
) -> Result<(World, Found), WorldError> {
    let world = job.ctx.worlds.of(frame, job.on(&frame.cdp)).await?;
    match world.call("query", json!([search.by, nth])).await {
        Ok(found) => Ok((world, found)),
        Err(WorldError::Replaced) => {
            job.ctx.worlds.forget(&world);
            Err(WorldError::Replaced)
        }
        // A page that is merely busy still has it, and in it the refs.
        Err(failed) => Err(failed),
    }
}

/// An element that was found is gone; whoever can looks for it again.
pub(super) fn detached(shown: &str) -> Error {
    Error::browser_error(format!("{shown} was detached from the page while the command ran"))
        .with_context(json!({ "check": "attached" }))
}

pub(super) fn is_detached(error: &Error) -> bool {
    error.context.as_ref().is_some_and(|context| context["check"] == "attached")
}

impl WorldError {
    /// As the error of a command that cannot begin anew.
    pub fn into_error(self, shown: &str) -> Error {
        match self {
            WorldError::Replaced => detached(shown),
            WorldError::Failed(error) => error,
        }
    }
}

impl Element {
    /// Calls a function of the page's script.
    pub async fn call<T: serde::de::DeserializeOwned>(
        &self,
        function: &str,
        args: Value,
    ) -> Result<T, Error> {
        self.world.call(function, args).await.map_err(|error| error.into_error("the element"))
    }
}

fn ambiguous(search: &Search, found: &Found) -> Error {
    let told: Vec<String> = found.matches.iter().enumerate().map(|(i, one)| tell(i, one)).collect();
    Error::invalid_argument(
        search.field.clone(),
        format!(
            "{} matches {} elements; add `nth` or be more precise: {}",
            search.shown,
            found.count,
            told.join(", ")
        ),
    )
    .with_context(json!({ "count": found.count, "matches": found.matches }))
}

/// `0: button "Sign in"`.
fn tell(i: usize, about: &Value) -> String {
    let text = |key: &str| about.get(key).and_then(Value::as_str);
    let kind = text("role").or(text("tag")).unwrap_or_default();
    match text("name").or(text("text")) {
        Some(name) => format!("{i}: {kind} {name:?}"),
        None => format!("{i}: {kind}"),
    }
}

/// Waits until there is one match.
pub(super) async fn find(job: &Job<'_>, search: &Search) -> Result<Element, Error> {
    let mut pauses = Pauses::default();
    loop {
        if let Some(element) = look(job, search).await? {
            job.waits_no_more();
            return Ok(element);
        }
        pauses.next().await;
    }
}

#[derive(Default)]
pub(super) struct Pauses(usize);

impl Pauses {
    pub async fn next(&mut self) {
        let pause = PAUSES[self.0.min(PAUSES.len() - 1)];
        self.0 += 1;
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    pub fn count(&self) -> usize {
        self.0
    }
}

/// What must hold before an element is acted on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wish {
    pub editable: bool,
    pub enabled: bool,
    /// It is where a pointer can go, and where it is met there.
    pub pointer: bool,
    /// A click that would meet something else after all is kept from it.
    pub guard: bool,
    pub position: Option<Position>,
}

impl Wish {
    pub const CLICK: Self =
        Self { editable: false, enabled: true, pointer: true, guard: true, position: None };
    /// Where nothing keeps a wrong press away, as in a drag.
    pub const GRIP: Self = Self { guard: false, ..Self::CLICK };
    pub const POINT: Self = Self { editable: false, enabled: false, guard: false, ..Self::CLICK };
    pub const FILL: Self =
        Self { editable: true, enabled: true, pointer: false, guard: false, position: None };
    pub const CHOOSE: Self = Self { editable: false, ..Self::FILL };
    /// Nothing but that it is there and visible.
    pub const SEEN: Self = Self { editable: false, enabled: false, ..Self::FILL };
}

/// An element that is ready, and where it is in the viewport of the page.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub element: Element,
    pub x: f64,
    pub y: f64,
    /// What it is, for the result.
    pub about: Value,
}

#[derive(Deserialize)]
pub(super) struct Verdict {
    pub status: String,
    #[serde(default)]
    pub check: String,
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub covered_by: Option<Value>,
    #[serde(default)]
    pub x: f64,
    #[serde(default)]
    pub y: f64,
    #[serde(default)]
    pub about: Value,
}

impl Verdict {
    pub fn into_error(self, search: &Search) -> Error {
        let mut context = json!({ "check": self.check });
        if let Some(cover) = self.covered_by {
            context["covered_by"] = cover;
        }
        Error::timeout(format!(
            "{} was found, but the check `{}` failed: {}",
            search.shown, self.check, self.detail
        ))
        .with_field(search.field.clone())
        .with_context(context)
    }
}

/// Waits until a target is one element that is as wished. It is looked for again whenever it is lost.
pub(super) async fn ready(job: &Job<'_>, search: &Search, wish: Wish) -> Result<Ready, Error> {
    let mut pauses = Pauses::default();
    loop {
        if let Some(element) = look(job, search).await? {
            match check(job, search, element, wish, pauses.count()).await {
                Ok(Ok(ready)) => {
                    job.waits_no_more();
                    return Ok(ready);
                }
                Ok(Err(waiting)) => job.waits_for(waiting),
                Err(WorldError::Replaced) => {
                    job.waits_for(search.nothing("is in a document that is being replaced"))
                }
                Err(WorldError::Failed(error)) => return Err(error),
            }
        }
        pauses.next().await;
    }
}

async fn check(
    job: &Job<'_>,
    search: &Search,
    element: Element,
    wish: Wish,
    attempt: usize,
) -> Result<Result<Ready, Error>, WorldError> {
    let world = element.world.clone();
    // A place that was given is where to act, whatever is there.
    let at_place = search.point.is_some() && wish.pointer;
    let wanted = json!({
        "visible": !at_place, "stable": !at_place, "enabled": wish.enabled && !at_place, "editable": wish.editable,
        "point": wish.pointer && !at_place, "hit": true, "guard": wish.guard, "position": wish.position,
        "attempt": attempt,
    });
    let verdict: Verdict = world.call("ready", json!([element.token, wanted])).await?;
    match verdict.status.as_str() {
        "ready" => {}
        "detached" => return Ok(Err(search.nothing("was detached from the page"))),
        _ => return Ok(Err(verdict.into_error(search))),
    }
    let about = verdict.about.clone();
    let (x, y) = match search.point {
        Some(point) => point,
        None if !wish.pointer => (0.0, 0.0),
        None => match place::in_page(job, &element.frame, (verdict.x, verdict.y), attempt).await? {
            Ok(point) => point,
            Err(verdict) => return Ok(Err(verdict.into_error(search))),
        },
    };
    Ok(Ok(Ready { element, x, y, about }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_have_one_form() {
        for (text, number) in [
            ("e1", Some(1)),
            ("e12", Some(12)),
            ("e99999999999999999999999", Some(u64::MAX)),
            ("e", None),
            ("1", None),
            ("e1x", None),
            ("", None),
        ] {
            assert_eq!(number_of(text), number, "{text}");
        }
        let target = Target { locator: Locator::Ref("x".into()), ..Target::default() };
        assert_eq!(Search::of(&target, "target").unwrap_err().field.as_deref(), Some("target.ref"));
    }

    #[test]
    fn an_empty_selector_is_refused_before_the_page_is_asked() {
        let error = Search::of(&Target::selector(" "), "from").unwrap_err();
        assert_eq!(error.field.as_deref(), Some("from.selector"));
    }
}
