use super::super::event::Note;
use super::super::input::{self, DownloadMoves};
use super::*;

fn info(target: &str, kind: &str, opener: Option<&str>) -> TargetInfo {
    TargetInfo {
        target_id: target.into(),
        kind: kind.into(),
        title: String::new(),
        url: "about:blank".into(),
        opener_id: opener.map(Into::into),
        browser_context_id: Some("own".into()),
    }
}

fn attach(parent: Option<&str>, session: &str, target_info: TargetInfo) -> Input {
    Input::Attached {
        parent: parent.map(Into::into),
        attached: Attached { session_id: session.into(), target_info, waiting_for_debugger: true },
    }
}

fn page(tracker: &mut Tracker, target: &str, opener: Option<&str>) -> Vec<Effect> {
    tracker.apply(attach(None, &format!("s-{target}"), info(target, "page", opener)))
}

fn frame(id: &str, parent: Option<&str>, loader: &str, url: &str) -> input::Frame {
    input::Frame {
        id: id.into(),
        parent_id: parent.map(Into::into),
        loader_id: loader.into(),
        name: String::new(),
        url: url.into(),
        url_fragment: String::new(),
        restored: false,
        unreachable_url: None,
    }
}

fn emitted(effects: Vec<Effect>) -> Vec<Event> {
    let event = |effect| match effect {
        Effect::Emit(event) => Some(event),
        Effect::SetUp { .. }
        | Effect::SetUpWorker { .. }
        | Effect::Release { .. }
        | Effect::AskTitle { .. }
        | Effect::Committed { .. } => None,
    };
    effects.into_iter().filter_map(event).collect()
}

#[test]
fn what_a_page_opens_is_active_and_what_a_client_opens_is_not() {
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    assert_eq!(tracker.active(), Some(1));
    page(&mut tracker, "B", None);
    assert_eq!(tracker.active(), Some(1));
    let opened = emitted(page(&mut tracker, "C", Some("A")));
    assert_eq!(opened[0], Event::TabOpened { n: 3, url: "about:blank".into(), opener: Some(1) });
    assert_eq!(opened[1], Event::TabActivated { n: 3 });
    assert_eq!(emitted(tracker.apply(Input::Touched { n: 2 })), [Event::TabActivated { n: 2 }]);
    assert_eq!(tracker.apply(Input::Touched { n: 2 }), []);
    assert_eq!(tracker.apply(Input::Touched { n: 99 }), []);
}

#[test]
fn a_closed_tab_gives_way_to_the_one_used_before_it_and_its_number_is_never_used_again() {
    let mut tracker = Tracker::default();
    for target in ["A", "B", "C"] {
        page(&mut tracker, target, None);
    }
    for n in [3, 1, 2] {
        tracker.apply(Input::Touched { n });
    }
    let closed = emitted(tracker.apply(Input::Detached { session: "s-B".into() }));
    assert_eq!(closed, [Event::TabClosed { n: 2 }, Event::TabActivated { n: 1 }]);
    tracker.apply(Input::Detached { session: "s-A".into() });
    tracker.apply(Input::Detached { session: "s-C".into() });
    assert_eq!(tracker.active(), None);
    page(&mut tracker, "D", None);
    assert_eq!(tracker.active(), Some(4));
}

#[test]
fn what_is_attached_is_set_up_released_or_left_to_its_owner() {
    let mut tracker = Tracker::default();
    let set_up = |session: &str, page| Effect::SetUp { session: session.into(), page, own: true };
    assert_eq!(page(&mut tracker, "A", None)[0], set_up("s-A", true));
    let again = tracker.apply(attach(None, "second", info("A", "page", None)));
    assert_eq!(again, [], "another session of a known page");
    let inner = tracker.apply(attach(Some("s-A"), "s-F", info("F", "iframe", None)));
    assert_eq!(inner, [set_up("s-F", false)]);
    let deeper = tracker.apply(attach(Some("s-F"), "s-G", info("G", "iframe", None)));
    assert_eq!(deeper, [set_up("s-G", false)]);
    for (parent, session) in [("s-F", "s-W"), ("s-W", "s-V")] {
        let worker = tracker.apply(attach(Some(parent), session, info(session, "worker", None)));
        assert_eq!(
            worker,
            [Effect::SetUpWorker { session: session.into(), script: None, own: true }],
            "of {parent}"
        );
    }
    let shared = tracker.apply(attach(None, "s-S", info("S", "shared_worker", None)));
    assert_eq!(shared, [Effect::SetUpWorker { session: "s-S".into(), script: None, own: true }]);
    let started = tracker.apply(attach(Some("s-S"), "s-D", info("D", "worker", None)));
    assert_eq!(started, [Effect::SetUpWorker { session: "s-D".into(), script: None, own: true }]);
    let script = Some("about:blank".to_owned());
    let service = tracker.apply(attach(None, "s-SW", info("SW", "service_worker", None)));
    assert_eq!(service, [Effect::SetUpWorker { session: "s-SW".into(), script: script.clone(), own: true }]);
    assert_eq!(tracker.worker_script("s-SW"), script.as_deref());
    tracker.apply(Input::Detached { session: "s-SW".into() });
    assert_eq!(tracker.worker_script("s-SW"), None);
    let strays = [(Some("unknown"), "iframe"), (None, "worker"), (Some("s-A"), "auction_worklet")];
    for (parent, kind) in strays {
        let stray = tracker.apply(attach(parent, "stray", info("X", kind, None)));
        assert_eq!(stray, [Effect::Release { session: "stray".into() }], "{kind}");
    }
}

#[test]
fn a_frame_that_moves_to_another_process_stays_the_same_frame() {
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    let session: SessionId = "s-A".into();
    tracker.apply(Input::Frame(FrameInput::Attached {
        session: session.clone(),
        frame: "F".into(),
        parent: "A".into(),
    }));
    tracker.apply(attach(Some("s-A"), "s-F", info("F", "iframe", None)));
    let moved = frame("F", Some("A"), "L2", "https://b.test/");
    tracker.apply(Input::Frame(FrameInput::Navigated { session: "s-F".into(), frame: moved }));
    tracker.apply(Input::Frame(FrameInput::Detached {
        session: session.clone(),
        frame: "F".into(),
        swap: true,
    }));
    let order = tracker.tab(1).unwrap().frames.in_order();
    assert_eq!(order.iter().map(|frame| frame.id.as_str()).collect::<Vec<_>>(), ["A", "F"]);
    assert_eq!(&*order[1].session, "s-F");
    // That it is removed is told by its parent's session.
    tracker.apply(Input::Frame(FrameInput::Detached {
        session: session.clone(),
        frame: "F".into(),
        swap: false,
    }));
    assert_eq!(tracker.tab(1).unwrap().frames.in_order().len(), 1);
}

#[test]
fn progress_belongs_to_the_current_document() {
    use bus_schema::model::command::WaitUntil::{Commit, Domcontentloaded, Load, Networkidle};
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    let lifecycle = |loader: &str, name: &str| {
        Input::Frame(FrameInput::Lifecycle { frame: "A".into(), loader: loader.into(), name: name.into() })
    };
    let reached = |tracker: &Tracker| {
        let frames = &tracker.tab(1).unwrap().frames;
        [Commit, Domcontentloaded, Load, Networkidle].map(|until| frames.is_at(until))
    };
    let navigated = frame("A", None, "L1", "https://a.test/");
    tracker.apply(lifecycle("L1", "init"));
    assert_eq!(reached(&tracker), [false; 4]);
    tracker.apply(Input::Frame(FrameInput::Navigated { session: "s-A".into(), frame: navigated }));
    assert_eq!(reached(&tracker), [true, false, false, false]);
    for (name, expected) in [
        ("DOMContentLoaded", [true, true, false, false]),
        ("load", [true, true, true, false]),
        ("networkIdle", [true, true, true, true]),
    ] {
        tracker.apply(lifecycle("L1", name));
        assert_eq!(reached(&tracker), expected, "{name}");
    }
    tracker.apply(lifecycle("L2", "init"));
    assert_eq!(reached(&tracker), [false; 4]);
    tracker.apply(lifecycle("L1", "load"));
    assert_eq!(reached(&tracker), [false; 4], "a late event of the document before");
}

#[test]
fn a_crash_is_reported_once_and_over_with_the_next_document() {
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    let crash = || Input::Crashed { session: "s-A".into() };
    assert_eq!(emitted(tracker.apply(crash())), [Event::Crashed { n: 1 }]);
    assert_eq!(tracker.apply(crash()), []);
    assert!(tracker.tab(1).unwrap().crashed);
    let next = frame("A", None, "L9", "https://a.test/");
    tracker.apply(Input::Frame(FrameInput::Navigated { session: "s-A".into(), frame: next }));
    assert!(!tracker.tab(1).unwrap().crashed);
}

#[test]
fn titles_are_told_when_they_change_and_addresses_are_no_titles() {
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    let titled = |title: &str| {
        let mut info = info("A", "page", None);
        (info.title, info.url) = (title.into(), "http://a.test/x".into());
        Input::Info(info)
    };
    assert_eq!(tracker.apply(titled("a.test/x")), []);
    assert_eq!(tracker.apply(titled("a.test/x/")), []);
    let event = Event::Titled { n: 1, title: "Hello".into() };
    assert_eq!(emitted(tracker.apply(titled("Hello"))), [event]);
    assert_eq!(tracker.apply(titled("Hello")), []);
}

#[test]
fn downloads_are_told_to_their_end_and_strange_ones_are_not() {
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    let begins = DownloadBegins {
        frame_id: "A".into(),
        guid: "g".into(),
        url: "https://a.test/f".into(),
        suggested_filename: "f.txt".into(),
    };
    let moves = |guid: &str, received: f64, state: &str| {
        let moved = DownloadMoves {
            guid: guid.into(),
            total_bytes: 10.0,
            received_bytes: received,
            state: state.into(),
        };
        Input::DownloadMoves(moved)
    };
    assert_eq!(emitted(tracker.apply(Input::DownloadBegins(begins))).len(), 1);
    assert_eq!(emitted(tracker.apply(moves("g", 5.0, "inProgress"))).len(), 1);
    assert_eq!(tracker.apply(moves("other", 5.0, "inProgress")), []);
    let end = emitted(tracker.apply(moves("g", 10.0, "completed")));
    assert!(
        matches!(&end[..], [Event::Download { n: Some(1), received: 10, total: Some(10), .. }]),
        "{end:?}"
    );
    assert_eq!(tracker.apply(moves("g", 10.0, "completed")), []);
}

fn download(frame: &str) -> Input {
    Input::DownloadBegins(DownloadBegins {
        frame_id: frame.into(),
        guid: format!("of-{frame}"),
        url: "https://a.test/f".into(),
        suggested_filename: "f.txt".into(),
    })
}

#[test]
fn in_a_shared_browser_only_downloads_of_own_frames_are_taken() {
    let mut tracker = Tracker::in_context(Some("own".into()));
    page(&mut tracker, "A", None);
    page(&mut tracker, "B", Some("A"));
    let session: SessionId = "s-A".into();
    let framed = |frame: &str| FrameInput::Attached {
        session: session.clone(),
        frame: frame.into(),
        parent: "A".into(),
    };
    tracker.apply(Input::Frame(framed("F")));
    let removed = FrameInput::Detached { session: session.clone(), frame: "F".into(), swap: false };
    tracker.apply(Input::Frame(removed));
    tracker.apply(Input::Detached { session: "s-B".into() });
    let n = |tracker: &mut Tracker, frame| match &emitted(tracker.apply(download(frame)))[..] {
        [Event::Download { n, .. }] => *n,
        other => panic!("{other:?}"),
    };
    // What was shut as soon as its download began still began it.
    assert_eq!(
        [n(&mut tracker, "A"), n(&mut tracker, "F"), n(&mut tracker, "B")],
        [Some(1), Some(1), Some(2)]
    );
    assert_eq!(tracker.apply(download("of another session")), []);
    let moved = |frame: &str| {
        Input::DownloadMoves(DownloadMoves {
            guid: format!("of-{frame}"),
            total_bytes: 1.0,
            received_bytes: 1.0,
            state: "completed".into(),
        })
    };
    assert_eq!(tracker.apply(moved("of another session")), []);
    assert_eq!(emitted(tracker.apply(moved("B"))).len(), 1);
    // A browser of its own holds nothing that is not the session's.
    let mut whole = Tracker::default();
    page(&mut whole, "A", None);
    assert_eq!(n(&mut whole, "unheard of"), None);
}

#[test]
fn a_dialog_belongs_to_its_tab_and_notes_of_strangers_are_dropped() {
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    let dialog = Dialog {
        kind: bus_schema::model::command::DialogKind::Prompt,
        message: "name?".into(),
        default_prompt: "me".into(),
        url: "https://a.test/".into(),
    };
    let opened = emitted(tracker.apply(Input::DialogOpening { session: "s-A".into(), dialog }));
    assert!(matches!(&opened[..], [Event::DialogOpened(dialog)] if dialog.default_value == "me"));
    let closed = |accepted| Input::DialogClosed { session: "s-A".into(), accepted };
    assert_eq!(emitted(tracker.apply(closed(true))), [Event::DialogClosed { n: 1, accepted: true }]);
    assert_eq!(tracker.apply(closed(true)), []);
    let note = Note::Exception { text: "x".into() };
    assert_eq!(tracker.apply(Input::Note { session: "unknown".into(), note }), []);
}

#[test]
fn what_was_found_late_does_not_undo_what_has_happened_since() {
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    let blank = frame("A", None, "L1", "about:blank");
    let real = frame("A", None, "L2", "https://a.test/");
    let found = |frames| Input::Frame(FrameInput::Found { session: "s-A".into(), frames });
    tracker.apply(found(vec![blank.clone()]));
    assert_eq!(tracker.tab(1).unwrap().url, "about:blank");
    tracker.apply(Input::Frame(FrameInput::Navigated { session: "s-A".into(), frame: real }));
    tracker.apply(found(vec![blank]));
    assert_eq!(tracker.tab(1).unwrap().url, "https://a.test/");
    assert!(tracker.tab(1).unwrap().frames.main().unwrap().has_shown("L2"));
}

#[test]
fn frames_go_with_the_document_around_them_also_unreported() {
    use bus_schema::model::command::WaitUntil::Networkidle;
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    let session: SessionId = "s-A".into();
    let navigated = |frame| Input::Frame(FrameInput::Navigated { session: "s-A".into(), frame });
    let lifecycle = |frame: &str, loader: &str, name: &str| {
        Input::Frame(FrameInput::Lifecycle { frame: frame.into(), loader: loader.into(), name: name.into() })
    };
    let attached = |frame: &str, parent: &str| FrameInput::Attached {
        session: session.clone(),
        frame: frame.into(),
        parent: parent.into(),
    };
    let ids = |tracker: &Tracker| -> Vec<String> {
        tracker.tab(1).unwrap().frames.in_order().iter().map(|frame| frame.id.clone()).collect()
    };
    tracker.apply(navigated(frame("A", None, "L1", "https://a.test/")));
    for (inner, parent) in [("Z", "A"), ("B", "A"), ("C", "Z")] {
        tracker.apply(Input::Frame(attached(inner, parent)));
        tracker.apply(navigated(frame(inner, Some(parent), &format!("L-{inner}"), "https://a.test/f")));
    }
    assert_eq!(ids(&tracker), ["A", "Z", "B", "C"], "in the order in which they came");
    tracker.apply(lifecycle("Z", "L-Z2", "init"));
    assert_eq!(ids(&tracker), ["A", "Z", "B"]);
    // The next page comes to rest whatever went on in the frames of the last.
    tracker.apply(lifecycle("A", "L2", "init"));
    tracker.apply(navigated(frame("A", None, "L2", "https://b.test/")));
    assert_eq!(ids(&tracker), ["A"]);
    tracker.apply(Input::Frame(attached("D", "A")));
    for name in ["load", "networkIdle"] {
        tracker.apply(lifecycle("A", "L2", name));
    }
    assert!(tracker.tab(1).unwrap().frames.is_at(Networkidle));
    // A download of a frame that went so is still known as the tab's.
    let mut shared = Tracker::in_context(Some("own".into()));
    page(&mut shared, "A", None);
    shared.apply(navigated(frame("A", None, "L1", "https://a.test/")));
    shared.apply(Input::Frame(attached("F", "A")));
    shared.apply(navigated(frame("A", None, "L2", "https://a.test/")));
    assert_eq!(emitted(shared.apply(download("F"))).len(), 1);
}

#[test]
fn a_page_that_is_restored_is_as_it_was_left() {
    use bus_schema::model::command::WaitUntil::Networkidle;
    let mut tracker = Tracker::default();
    page(&mut tracker, "A", None);
    let restored = input::Frame { restored: true, ..frame("A", None, "L1", "https://a.test/") };
    tracker.apply(Input::Frame(FrameInput::Navigated { session: "s-A".into(), frame: restored }));
    assert!(tracker.tab(1).unwrap().frames.is_at(Networkidle));
}
