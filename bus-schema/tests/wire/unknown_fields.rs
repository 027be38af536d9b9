use bus_schema::{
    Error, ErrorCode,
    codec::{Encoding, Message},
    model::{
        input::InputBatch,
        rpc::{OwnerRequest, ViewBeat, WorkRequest, WorkerReply, WorkerRequest},
    },
};

fn refused<M: Message + std::fmt::Debug>(json: &str, field: &str) {
    let e: Error = M::decode(json.as_bytes(), Encoding::Json).unwrap_err();
    assert_eq!(e.code, ErrorCode::InvalidArgument, "{json}: {e}");
    assert_eq!(e.field.as_deref(), Some(field), "{json}: {e}");
    let name = field.rsplit('.').next().unwrap();
    assert!(e.detail.contains(&format!("unknown field `{name}`")), "{json}: {e}");
}

const ID: &str = "local_0198f3c2a7e07b3c9d1f4a5b6c7d8e9f";
const NAVIGATE: &str = r#""action":"navigate","url":"https://a""#;
const THEN: &str = r#""deadline":"2026-11-20T09:00:00.000Z""#;

#[test]
fn of_requests_in_json_are_refused_by_name() {
    refused::<WorkRequest>(&format!(r#"{{"session":"{ID}","tenant":"t","extra":1}}"#), "extra");
    refused::<WorkRequest>(
        &format!(
            r#"{{"session":"{ID}","tenant":"t","spec":{{"viewport":{{"width":1,"height":1,"depth":1}}}}}}"#
        ),
        "spec.viewport.depth",
    );
    for (json, field) in [
        (format!(r#"{{"verb":"run","request":{{{NAVIGATE}}},{THEN},"extra":1}}"#), "extra"),
        (format!(r#"{{"verb":"run","request":{{{NAVIGATE},"extra":1}},{THEN}}}"#), "request.extra"),
        (
            format!(r#"{{"verb":"run","request":{{"action":"check","target":{{"css":"a"}}}},{THEN}}}"#),
            "request.target.css",
        ),
        (r#"{"verb":"end","reason":"released","extra":1}"#.into(), "extra"),
        (r#"{"verb":"inspect","extra":1}"#.into(), "extra"),
        (r#"{"verb":"patch","extra":1}"#.into(), "extra"),
        (r#"{"verb":"control","request":{"action":"pause","extra":1}}"#.into(), "request.extra"),
        (r#"{"verb":"control","request":{"action":"pause"},"extra":1}"#.into(), "extra"),
        (r#"{"verb":"attach","kind":"view","conn":"c","wish":{"extra":1}}"#.into(), "wish.extra"),
        (r#"{"verb":"attach","kind":"view","conn":"c","extra":1}"#.into(), "extra"),
        (r#"{"verb":"files","op":"staged","extra":1}"#.into(), "extra"),
        (r#"{"verb":"answer_chooser","chooser":"c","conn":"v","cancel":true,"extra":1}"#.into(), "extra"),
        (r#"{"verb":"files","op":"publish","name":"a","extra":1}"#.into(), "extra"),
    ] {
        refused::<OwnerRequest>(&json, field);
    }
    refused::<WorkerRequest>(r#"{"verb":"ping","extra":1}"#, "extra");
    refused::<WorkerRequest>(r#"{"verb":"drain","grace_s":1,"extra":1}"#, "extra");
    refused::<ViewBeat>(r#"{"conn":"c","wish":{},"extra":1}"#, "extra");
    refused::<InputBatch>(r#"{"epoch":1,"events":[],"extra":1}"#, "extra");
    refused::<InputBatch>(
        r#"{"epoch":1,"events":[{"kind":"text","text":"a","extra":1}]}"#,
        "events[0].extra",
    );
}

#[test]
fn of_replies_are_left_out_because_workers_are_newer_than_edges() {
    let pong = WorkerReply::decode(br#"{"reply":"pong","extra":1}"#, Encoding::Json).unwrap();
    assert_eq!(pong, WorkerReply::Pong);
}

#[test]
fn what_is_out_of_range_is_refused_in_json_too() {
    let work = format!(r#"{{"session":"{ID}","tenant":"t","spec":{{"idle_timeout_s":0}}}}"#);
    let e = WorkRequest::decode(work.as_bytes(), Encoding::Json).unwrap_err();
    assert_eq!(e.field.as_deref(), Some("spec.idle_timeout_s"));
    let run =
        format!(r#"{{"verb":"run","request":{{"action":"navigate","url":"file:///etc/passwd"}},{THEN}}}"#);
    let e = OwnerRequest::decode(run.as_bytes(), Encoding::Json).unwrap_err();
    assert_eq!((e.code, e.field.as_deref()), (ErrorCode::Forbidden, Some("request.url")));
    for (json, field) in
        [(r#"{"verb":"halt"}"#, "verb"), (r#"{}"#, "verb"), (r#"{"verb":"files","op":"burn"}"#, "op")]
    {
        let e = OwnerRequest::decode(json.as_bytes(), Encoding::Json).unwrap_err();
        assert_eq!((e.code, e.field.as_deref()), (ErrorCode::InvalidArgument, Some(field)), "{json}");
    }
}
