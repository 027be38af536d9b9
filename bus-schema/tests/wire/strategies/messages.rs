use bus_schema::{
    Error, ErrorCode,
    error::Outcome,
    model::{
        control::{Access, ControlAction, ControlRequest},
        create::BrowserKind,
        input::{InputBatch, InputEvent, TouchEvent, TouchPoint},
        note::ChooserAnswer,
        rpc::{
            AnswerChooser, Attach, AttachKind, Attachment, End, Files, Inspect, Links, OwnerReply,
            OwnerRequest, Resume, Run, SetControl, ViewBeat, WorkRequest, WorkerReply, WorkerRequest,
        },
        session::EndReason,
        worker::{BrowserVersion, Worker},
        ws::FramesWish,
    },
};
use proptest::{collection::vec, option::of, prelude::*};

use super::{
    command::{BUTTONS, KEY_EVENTS, MOUSE_EVENTS, command_request, modifiers},
    conn,
    create::{create_session, patch_session},
    json, line, number, one_of, pool, region, session_id, tenant, text, texts, time, worker_id,
};

pub fn work_request() -> impl Strategy<Value = WorkRequest> {
    (session_id(), tenant(), create_session(), of(time()))
        .prop_map(|(session, tenant, spec, deadline)| WorkRequest { session, tenant, spec, deadline })
}

pub fn owner_request() -> impl Strategy<Value = OwnerRequest> {
    prop_oneof![
        8 => (command_request(), time(), of(conn()))
            .prop_map(|(request, deadline, conn)| OwnerRequest::Run(Run { request, deadline, conn })),
        1 => one_of(&EndReason::ALL).prop_map(|reason| OwnerRequest::End(End { reason })),
        1 => Just(OwnerRequest::Inspect(Inspect {})),
        1 => patch_session().prop_map(OwnerRequest::Patch),
        1 => (control_request(), of(conn()))
            .prop_map(|(request, conn)| OwnerRequest::Control(SetControl { request, conn })),
        1 => (one_of(&[AttachKind::Input, AttachKind::View, AttachKind::Client, AttachKind::Cdp]), conn(), frames_wish(), of((conn(), any::<u64>())), of("[0-9A-F]{0,64}"), of(("[ -~]{0,40}", "[ -~]{0,40}")), (of("[a-zä ]{1,100}"), one_of(&[Access::Full, Access::Control, Access::View])))
            .prop_map(|(kind, conn, wish, resume, target, links, (name, access))| {
                let resume = resume.map(|(conn, after)| Resume { conn, after });
                let links = links.map(|(view, cdp)| Links { view, cdp });
                OwnerRequest::Attach(Attach { kind, conn, wish, resume, target, links, name, access })
            }),
        2 => files().prop_map(OwnerRequest::Files),
        1 => ("[a-z0-9]{1,20}", conn(), chooser_answer())
            .prop_map(|(chooser, conn, answer)| OwnerRequest::AnswerChooser(AnswerChooser { chooser, conn, answer })),
    ]
}

fn chooser_answer() -> impl Strategy<Value = ChooserAnswer> {
    prop_oneof![
        text().prop_map(ChooserAnswer::Value),
        vec(text(), 1..4).prop_map(ChooserAnswer::Files),
        Just(ChooserAnswer::Cancel),
    ]
}

fn control_request() -> impl Strategy<Value = ControlRequest> {
    let action = one_of(&[
        ControlAction::TakeControl,
        ControlAction::ReturnControl,
        ControlAction::Pause,
        ControlAction::Resume,
        ControlAction::Request,
        ControlAction::Give,
        ControlAction::Decline,
    ]);
    (action, of(text()), of(text()), of(text())).prop_map(|(action, holder, by, note)| ControlRequest {
        action,
        holder,
        by,
        note,
    })
}

fn frames_wish() -> impl Strategy<Value = FramesWish> {
    (of(1..=60u32), of(1..=100u32), of(any::<u32>()), of(any::<u32>()), of(any::<u32>())).prop_map(
        |(max_fps, quality, max_width, max_height, tab)| FramesWish {
            max_fps,
            quality,
            max_width,
            max_height,
            tab,
        },
    )
}

fn files() -> impl Strategy<Value = Files> {
    prop_oneof![
        (text(), text()).prop_map(|(object, name)| Files::Stage { object, name }),
        Just(Files::Staged),
        text().prop_map(|name| Files::Unstage { name }),
        Just(Files::Downloads),
        text().prop_map(|name| Files::Publish { name }),
        text().prop_map(|name| Files::DeleteDownload { name }),
    ]
}

pub fn error() -> impl Strategy<Value = Error> {
    (
        (one_of(&ErrorCode::ALL), text(), any::<bool>()),
        of(text()),
        of(one_of(&[Outcome::NotStarted, Outcome::Unknown])),
        of(any::<u32>()),
        // An absent context and `null` are one in JSON.
        of(json().prop_filter("null is absent", |v| !v.is_null())),
    )
        .prop_map(|((code, detail, retryable), field, outcome, retry_after_s, context)| Error {
            code,
            detail,
            retryable,
            field,
            outcome,
            retry_after_s,
            context,
        })
}

pub fn owner_reply() -> impl Strategy<Value = OwnerReply> {
    let attachment = (line(), vec(any::<u8>(), 0..64))
        .prop_map(|(media_type, bytes)| Attachment { media_type, bytes: bytes.into() });
    let result = prop::collection::btree_map(text(), json(), 0..4);
    prop_oneof![
        (result, of(attachment)).prop_map(|(result, attachment)| OwnerReply::ok(&result, attachment)),
        error().prop_map(OwnerReply::error),
    ]
}

pub fn worker_request() -> impl Strategy<Value = WorkerRequest> {
    prop_oneof![
        Just(WorkerRequest::Ping),
        Just(WorkerRequest::Inspect),
        any::<u32>().prop_map(|grace_s| WorkerRequest::Drain { grace_s }),
    ]
}

pub fn worker_reply() -> impl Strategy<Value = WorkerReply> {
    prop_oneof![
        Just(WorkerReply::Pong),
        worker().prop_map(WorkerReply::Worker),
        error().prop_map(WorkerReply::Error),
    ]
}

fn worker() -> impl Strategy<Value = Worker> {
    (
        (worker_id(), region(), vec(pool(), 0..3)),
        (text(), text(), texts(), vec(browser_version(), 0..3)),
        any::<[u32; 4]>(),
        number(),
        any::<[bool; 3]>(),
        (time(), time()),
    )
        .prop_map(
            |((id, region, pools), (version, host, browsers, versions), n, pressure, is, times)| Worker {
                id,
                region,
                pools,
                version,
                host,
                pid: n[0],
                slots: n[1],
                busy: n[2],
                warm: n[3],
                pressure,
                draining: is[0],
                frozen: is[1],
                browsers,
                versions,
                simulated: is[2],
                started_at: times.0,
                seen_at: times.1,
            },
        )
}

fn browser_version() -> impl Strategy<Value = BrowserVersion> {
    let kind = one_of(&[BrowserKind::HeadlessShell, BrowserKind::Chrome]);
    (kind, text(), text(), text(), text(), text()).prop_map(
        |(kind, product, protocol, user_agent, js, revision)| BrowserVersion {
            kind,
            product,
            protocol,
            user_agent,
            js,
            revision,
        },
    )
}

pub fn input_batch() -> impl Strategy<Value = InputBatch> {
    (any::<u64>(), any::<u64>(), of(any::<u32>()), vec(input_event(), 0..8))
        .prop_map(|(epoch, n, tab, events)| InputBatch { epoch, n, tab, events })
}

fn input_event() -> impl Strategy<Value = InputEvent> {
    let mouse = (one_of(MOUSE_EVENTS), number(), number(), one_of(BUTTONS), any::<u32>(), modifiers());
    let wheel = (number(), number(), number(), number(), modifiers());
    let key = (one_of(KEY_EVENTS), text(), text(), modifiers(), any::<bool>());
    let touches = one_of(&[TouchEvent::Start, TouchEvent::Move, TouchEvent::End, TouchEvent::Cancel]);
    let point = (any::<u32>(), number(), number()).prop_map(|(id, x, y)| TouchPoint { id, x, y });
    prop_oneof![
        mouse.prop_map(|(event, x, y, button, click_count, modifiers)| InputEvent::Mouse {
            event,
            x,
            y,
            button,
            click_count,
            modifiers
        }),
        wheel.prop_map(|(x, y, delta_x, delta_y, modifiers)| InputEvent::Wheel {
            x,
            y,
            delta_x,
            delta_y,
            modifiers
        }),
        key.prop_map(|(event, key, code, modifiers, repeat)| InputEvent::Key {
            event,
            key,
            code,
            modifiers,
            repeat
        }),
        (touches, vec(point, 0..4)).prop_map(|(event, points)| InputEvent::Touch { event, points }),
        text().prop_map(|text| InputEvent::Text { text }),
        text().prop_map(|text| InputEvent::Paste { text }),
        Just(InputEvent::Copy {}),
        Just(InputEvent::Cut {}),
        (text(), of(any::<u32>()), of(any::<u32>())).prop_map(|(text, from, to)| InputEvent::Compose {
            text,
            from,
            to
        }),
    ]
}

pub fn view_beat() -> impl Strategy<Value = ViewBeat> {
    (conn(), frames_wish(), any::<bool>(), any::<bool>()).prop_map(|(conn, wish, gone, slow)| ViewBeat {
        conn,
        wish,
        gone,
        slow,
    })
}
