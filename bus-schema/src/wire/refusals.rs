//! What protobuf lets pass and the model does not.

use super::v1::{self, command_request::Command, input_event, owner_request};
use crate::{
    ErrorCode,
    codec::{Encoding, Message},
    model::{
        command, create,
        input::InputBatch,
        rpc::{OwnerReply, OwnerRequest, ViewBeat, WorkRequest, WorkerReply, WorkerRequest},
    },
};

fn read<M: Message>(form: &impl prost::Message) -> Result<M, crate::Error> {
    M::decode(&form.encode_to_vec(), Encoding::Protobuf)
}

fn refused<M: Message + std::fmt::Debug>(form: &impl prost::Message, field: &str) {
    let e = read::<M>(form).unwrap_err();
    assert_eq!(e.field.as_deref(), Some(field), "{e}");
    assert_eq!(e.code, ErrorCode::InvalidArgument, "{e}");
}

fn work(spec: v1::CreateSession) -> v1::WorkRequest {
    v1::WorkRequest {
        session: "local_0198f3c2a7e07b3c9d1f4a5b6c7d8e9f".into(),
        tenant: "default".into(),
        spec: Some(spec),
        deadline_ms: None,
    }
}

fn owner(verb: owner_request::Verb) -> v1::OwnerRequest {
    v1::OwnerRequest { verb: Some(verb) }
}

fn run(command: Command) -> v1::OwnerRequest {
    let request = v1::CommandRequest { command: Some(command), ..Default::default() };
    owner(owner_request::Verb::Run(owner_request::Run {
        request: Some(request),
        deadline_ms: Some(0),
        conn: None,
    }))
}

fn input(kind: input_event::Kind) -> v1::InputBatch {
    let events = vec![v1::InputEvent { kind: Some(kind) }];
    v1::InputBatch { epoch: Some(0), events, ..Default::default() }
}

fn selector() -> Option<v1::Target> {
    let locator = Some(v1::target::Locator::Selector("a".into()));
    Some(v1::Target { locator, ..Default::default() })
}

#[test]
fn an_unknown_enum_value_is_named() {
    refused::<WorkRequest>(&work(v1::CreateSession { browser: 77, ..Default::default() }), "spec.browser");
    refused::<WorkRequest>(
        &work(v1::CreateSession { color_scheme: -1, ..Default::default() }),
        "spec.color_scheme",
    );
    let click = v1::Click { target: selector(), modifiers: vec![1, 9], ..Default::default() };
    refused::<OwnerRequest>(&run(Command::Click(click)), "request.modifiers[1]");
    let click = v1::Click { target: selector(), button: 6, ..Default::default() };
    refused::<OwnerRequest>(&run(Command::Click(click)), "request.button");
    refused::<OwnerRequest>(&owner(owner_request::Verb::End(owner_request::End { reason: 14 })), "reason");
}

#[test]
fn what_is_required_must_be_there() {
    refused::<WorkRequest>(&v1::WorkRequest::default(), "session");
    refused::<OwnerRequest>(&v1::OwnerRequest::default(), "verb");
    refused::<WorkerRequest>(&v1::WorkerRequest::default(), "verb");
    refused::<InputBatch>(&v1::InputBatch::default(), "epoch");
    refused::<ViewBeat>(&v1::ViewBeat::default(), "conn");
    refused::<OwnerRequest>(&owner(owner_request::Verb::Run(Default::default())), "request");
    refused::<OwnerRequest>(&owner(owner_request::Verb::End(Default::default())), "reason");
    refused::<OwnerRequest>(&owner(owner_request::Verb::Files(Default::default())), "op");
    refused::<OwnerRequest>(&run(Command::Check(v1::Check { target: None })), "request.target");
    let empty = Some(v1::Target::default());
    refused::<OwnerRequest>(&run(Command::Check(v1::Check { target: empty })), "request.target.locator");
    refused::<OwnerRequest>(&run(Command::Dialog(v1::Dialog::default())), "request.accept");
    let modifiers = vec![0];
    let wheel =
        input_event::Wheel { modifiers, x: Some(0.0), y: Some(0.0), delta_x: Some(0.0), delta_y: Some(0.0) };
    refused::<InputBatch>(&input(input_event::Kind::Wheel(wheel)), "events[0].modifiers[0]");
    for e in [read::<OwnerReply>(&v1::OwnerReply::default()).unwrap_err(), {
        read::<WorkerReply>(&v1::WorkerReply::default()).unwrap_err()
    }] {
        assert_eq!(e.code, ErrorCode::Internal, "{e}");
    }
}

#[test]
fn ids_numbers_times_and_json_are_checked() {
    let dotted = v1::CreateSession { pool: Some("a.b".into()), ..Default::default() };
    refused::<WorkRequest>(&work(dotted), "spec.pool");
    refused::<WorkRequest>(&v1::WorkRequest { tenant: ">".into(), ..work(Default::default()) }, "tenant");
    let late = v1::WorkRequest { deadline_ms: Some(i64::MAX), ..work(Default::default()) };
    refused::<WorkRequest>(&late, "deadline_ms");
    for bad in [f64::NAN, f64::INFINITY] {
        let mouse = input_event::Mouse { event: 1, x: Some(bad), y: Some(0.0), ..Default::default() };
        refused::<InputBatch>(&input(input_event::Kind::Mouse(mouse)), "events[0].x");
        let scroll = v1::Scroll { delta_y: bad, ..Default::default() };
        refused::<OwnerRequest>(&run(Command::Scroll(scroll)), "request.delta_y");
    }
    let evaluate =
        v1::Evaluate { expression: Some(String::new()), args: vec!["1".into(), "{".into()], target: None };
    refused::<OwnerRequest>(&run(Command::Evaluate(evaluate)), "request.args[1]");
}

#[test]
fn what_is_out_of_range_is_refused() {
    let wide = v1::Viewport { width: Some(100_000), height: Some(1), ..Default::default() };
    let spec = v1::CreateSession { viewport: Some(wide), ..Default::default() };
    refused::<WorkRequest>(&work(spec), "spec.viewport.width");
    let wish = Some(v1::FramesWish { quality: Some(101), ..Default::default() });
    refused::<ViewBeat>(&v1::ViewBeat { conn: "c".into(), wish, ..Default::default() }, "wish.quality");
    let click = v1::Click { target: selector(), click_count: Some(0), ..Default::default() };
    refused::<OwnerRequest>(&run(Command::Click(click)), "request.click_count");
    let event =
        v1::InputEvent { kind: Some(input_event::Kind::Text(input_event::Text { text: Some("a".into()) })) };
    let many = v1::InputBatch { epoch: Some(0), events: vec![event; 257], ..Default::default() };
    refused::<InputBatch>(&many, "events");
    let navigate = v1::Navigate { url: Some("fi\nle:///etc/passwd".into()), ..Default::default() };
    let e = read::<OwnerRequest>(&run(Command::Navigate(navigate))).unwrap_err();
    assert_eq!((e.code, e.field.as_deref()), (ErrorCode::Forbidden, Some("request.url")));
}

#[test]
fn absent_is_the_default_and_the_default_is_not_absent() {
    let work: WorkRequest = read(&v1::WorkRequest { spec: None, ..work(Default::default()) }).unwrap();
    assert_eq!((work.spec, work.deadline), (create::CreateSession::default(), None));

    let OwnerRequest::Run(click) =
        read(&run(Command::Click(v1::Click { target: selector(), ..Default::default() }))).unwrap()
    else {
        panic!("another verb")
    };
    let command::Command::Click(click) = click.request.command else { panic!("another action") };
    assert_eq!((click.click_count, click.button), (1, command::MouseButton::Left));

    let nothing = v1::PatchSession {
        name: Some(String::new()),
        labels: Some(Default::default()),
        ..Default::default()
    };
    let OwnerRequest::Patch(patch) = read(&owner(owner_request::Verb::Patch(nothing))).unwrap() else {
        panic!("another verb")
    };
    assert_eq!((patch.name.as_deref(), patch.labels.map(|l| l.len())), (Some(""), Some(0)));
    let OwnerRequest::Patch(patch) =
        read(&owner(owner_request::Verb::Patch(v1::PatchSession::default()))).unwrap()
    else {
        panic!("another verb")
    };
    assert_eq!(patch, create::PatchSession::default());
}
