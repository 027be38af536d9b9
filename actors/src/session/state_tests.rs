use std::time::Duration;

use bus_schema::{
    ConnId, ErrorCode,
    model::{
        command::{CommandClass, DialogKind, OnHumanControl, OpenDialog},
        control::{Control, ControlAction, ControlRequest},
        rpc::OwnerReply,
        session::EndReason,
    },
};
use proptest::prelude::*;
use tokio::time::Instant;

use super::{
    keys::{Answer, Keys},
    state::{Asked, Effect, Input, Session, Settings, Ticket},
};

fn session(now: Instant) -> Session {
    session_with(Duration::from_secs(5), now)
}

fn session_with(dialog_timeout: Duration, now: Instant) -> Session {
    let settings = Settings {
        idle_timeout: Duration::from_secs(300),
        dialog_timeout,
        expires: now + Duration::from_secs(3_600),
        keep_alive: Some(Duration::from_secs(60)),
    };
    Session::new(settings, Control::default(), Keys::default(), now)
}

fn asked(class: CommandClass, now: Instant) -> Asked {
    Asked {
        class,
        tab: 1,
        needs_page: class != CommandClass::Dialog,
        key: None,
        on_human: OnHumanControl::Wait,
        conn: None,
        deadline: now + Duration::from_secs(30),
    }
}

fn run(s: &mut Session, n: u64, asked: Asked, now: Instant) -> Vec<Effect> {
    s.apply(Input::Run { ticket: Ticket(n), asked, now })
}

fn done(s: &mut Session, n: u64, now: Instant) -> Vec<Effect> {
    s.apply(Input::Done { ticket: Ticket(n), answer: None, not_started: false, now })
}

fn started(effects: &[Effect]) -> Vec<u64> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Start(t) | Effect::NoteThenStart(t, _) = e { Some(t.0) } else { None })
        .collect()
}

fn rejected(effects: &[Effect]) -> Vec<(u64, ErrorCode)> {
    effects
        .iter()
        .filter_map(|e| if let Effect::Reject(t, e) = e { Some((t.0, e.code)) } else { None })
        .collect()
}

fn control(action: ControlAction, now: Instant) -> Input {
    Input::Control { request: ControlRequest { action, holder: None, by: None, note: None }, conn: None, now }
}

#[test]
fn acting_commands_of_a_tab_run_in_turn_and_reads_beside_them() {
    let now = Instant::now();
    let mut s = session(now);
    assert_eq!(started(&run(&mut s, 1, asked(CommandClass::Act, now), now)), [1]);
    assert_eq!(started(&run(&mut s, 2, asked(CommandClass::Act, now), now)), [0u64; 0]);
    assert_eq!(started(&run(&mut s, 3, asked(CommandClass::Read, now), now)), [3]);
    let other_tab = Asked { tab: 2, ..asked(CommandClass::Act, now) };
    assert_eq!(started(&run(&mut s, 4, other_tab, now)), [4]);
    assert_eq!(started(&done(&mut s, 3, now)), [0u64; 0]);
    assert_eq!(started(&done(&mut s, 1, now)), [2]);
    assert_eq!(started(&done(&mut s, 2, now)), [0u64; 0]);
}

#[test]
fn the_65th_waiting_command_is_refused() {
    let now = Instant::now();
    let mut s = session(now);
    for n in 0..65 {
        assert_eq!(rejected(&run(&mut s, n, asked(CommandClass::Act, now), now)), []);
    }
    let effects = run(&mut s, 65, asked(CommandClass::Act, now), now);
    assert_eq!(rejected(&effects), [(65, ErrorCode::ResourceExhausted)]);
}

#[test]
fn a_waiting_command_whose_deadline_passes_never_runs() {
    let now = Instant::now();
    let mut s = session(now);
    run(&mut s, 1, asked(CommandClass::Act, now), now);
    let soon = Asked { deadline: now + Duration::from_secs(1), ..asked(CommandClass::Act, now) };
    run(&mut s, 2, soon, now);
    assert!(s.deadline() <= now + Duration::from_secs(1));
    let later = now + Duration::from_secs(1);
    assert_eq!(rejected(&s.apply(Input::Tick { now: later })), [(2, ErrorCode::Timeout)]);
    assert_eq!(started(&done(&mut s, 1, later)), [0u64; 0]);
}

#[test]
fn while_a_person_drives_acting_waits_and_reading_goes_on() {
    let now = Instant::now();
    let mut s = session(now);
    s.apply(control(ControlAction::TakeControl, now));
    assert_eq!(started(&run(&mut s, 1, asked(CommandClass::Act, now), now)), [0u64; 0]);
    assert_eq!(started(&run(&mut s, 2, asked(CommandClass::Read, now), now)), [2]);
    let fails = Asked { on_human: OnHumanControl::Fail, ..asked(CommandClass::Act, now) };
    assert_eq!(rejected(&run(&mut s, 3, fails, now)), [(3, ErrorCode::Conflict)]);
    let effects = s.apply(control(ControlAction::ReturnControl, now));
    assert_eq!(started(&effects), [1]);
}

#[test]
fn a_command_behind_another_is_held_when_a_person_takes_over_meanwhile() {
    let now = Instant::now();
    let mut s = session(now);
    run(&mut s, 1, asked(CommandClass::Act, now), now);
    run(&mut s, 2, asked(CommandClass::Act, now), now);
    s.apply(control(ControlAction::TakeControl, now));
    assert_eq!(started(&done(&mut s, 1, now)), [0u64; 0]);
    assert_eq!(started(&s.apply(control(ControlAction::ReturnControl, now))), [2]);
}

#[test]
fn a_key_runs_once() {
    let now = Instant::now();
    let mut s = session(now);
    let keyed = || Asked { key: Some("k".into()), ..asked(CommandClass::Act, now) };
    assert_eq!(started(&run(&mut s, 1, keyed(), now)), [1]);
    assert_eq!(rejected(&run(&mut s, 2, keyed(), now)), [(2, ErrorCode::Conflict)]);
    let answer = Answer::of(&OwnerReply { outcome: Ok("1".into()), attachment: None });
    s.apply(Input::Done { ticket: Ticket(1), answer, not_started: false, now });
    let effects = run(&mut s, 3, keyed(), now);
    assert!(matches!(effects[..], [Effect::Replay(Ticket(3), _)]), "{effects:?}");
}

#[test]
fn a_key_whose_command_did_not_start_is_free_again() {
    let now = Instant::now();
    let mut s = session(now);
    let keyed = || Asked { key: Some("k".into()), ..asked(CommandClass::Act, now) };
    run(&mut s, 1, keyed(), now);
    s.apply(Input::Done { ticket: Ticket(1), answer: None, not_started: true, now });
    assert_eq!(started(&run(&mut s, 2, keyed(), now)), [2]);
    done(&mut s, 2, now);
    assert_eq!(rejected(&run(&mut s, 3, keyed(), now)), [(3, ErrorCode::Conflict)]);
}

fn dialog(kind: DialogKind) -> OpenDialog {
    OpenDialog { tab: 1, kind, message: "?".into(), default_value: String::new(), url: String::new() }
}

#[test]
fn an_open_dialog_is_shown_to_who_needs_the_page_and_answered_in_the_end() {
    let now = Instant::now();
    let mut s = session(now);
    s.apply(Input::Dialog { tab: 1, open: Some(dialog(DialogKind::Confirm)), now });
    let effects = run(&mut s, 1, asked(CommandClass::Act, now), now);
    assert!(
        matches!(&effects[..], [Effect::Reject(_, e)] if e.code == ErrorCode::Conflict && e.context.is_some())
    );
    assert_eq!(started(&run(&mut s, 2, asked(CommandClass::Dialog, now), now)), [2]);
    let late = now + Duration::from_secs(5);
    assert!(s.deadline() <= late);
    let effects = s.apply(Input::Tick { now: late });
    assert!(matches!(effects[..], [Effect::AnswerDialog { tab: 1, accept: false }]), "{effects:?}");
    s.apply(Input::Dialog { tab: 1, open: None, now: late });
    assert_eq!(started(&run(&mut s, 3, asked(CommandClass::Act, late), late)), [3]);
    s.apply(Input::Dialog { tab: 1, open: Some(dialog(DialogKind::Beforeunload)), now: late });
    let effects = s.apply(Input::Tick { now: late + Duration::from_secs(5) });
    assert!(matches!(effects[..], [Effect::AnswerDialog { tab: 1, accept: true }]), "{effects:?}");
}

#[test]
fn idle_means_no_command_for_its_time() {
    let now = Instant::now();
    let mut s = session(now);
    run(&mut s, 1, asked(CommandClass::Act, now), now);
    let late = now + Duration::from_secs(400);
    assert!(s.apply(Input::Tick { now: late }).is_empty(), "a command runs");
    done(&mut s, 1, late);
    assert!(s.apply(Input::Tick { now: late + Duration::from_secs(299) }).is_empty());
    let effects = s.apply(Input::Tick { now: late + Duration::from_secs(300) });
    assert!(matches!(effects[..], [Effect::End(EndReason::IdleTimeout)]), "{effects:?}");
    assert!(s.apply(Input::Tick { now: late + Duration::from_secs(301) }).is_empty(), "it ends once");
}

#[test]
fn a_session_that_ends_with_its_last_client_outlives_it_for_a_while() {
    let now = Instant::now();
    let at = |s| now + Duration::from_secs(s);
    let mut s = session(now);
    s.apply(Input::Clients { count: 1, busy: false, now });
    assert!(s.apply(Input::Tick { now: at(200) }).is_empty());
    s.apply(Input::Clients { count: 0, busy: false, now: at(200) });
    s.apply(Input::Clients { count: 1, busy: false, now: at(210) });
    assert!(s.apply(Input::Tick { now: at(270) }).is_empty(), "it came back");
    s.apply(Input::Clients { count: 0, busy: false, now: at(280) });
    s.apply(Input::Clients { count: 0, busy: false, now: at(290) });
    assert!(s.deadline() <= at(340));
    let effects = s.apply(Input::Tick { now: at(340) });
    assert!(matches!(effects[..], [Effect::End(EndReason::ClientGone)]), "{effects:?}");
}

#[test]
fn a_lifetime_ends_whatever_runs() {
    let now = Instant::now();
    let mut s = session(now);
    run(&mut s, 1, asked(CommandClass::Act, now), now);
    let effects = s.apply(Input::Tick { now: now + Duration::from_secs(3_600) });
    assert!(matches!(effects.last(), Some(Effect::End(EndReason::Lifetime))), "{effects:?}");
}

proptest! {
    /// Whatever comes: of one tab at most one acting command runs, none runs while a person drives that was not
    /// running before, and every command is answered for at most once.
    #[test]
    fn order_is_kept(steps in prop::collection::vec((0u8..6, 0u64..40, 0u64..20_000), 1..120)) {
        let start = Instant::now();
        let (mut now, mut s) = (start, session(start));
        let mut running: Vec<u64> = Vec::new();
        let mut over: std::collections::HashSet<u64> = std::collections::HashSet::new();
        let mut next = 0;
        for (what, which, wait) in steps {
            now += Duration::from_millis(wait);
            let effects = match what {
                0 | 1 => { next += 1; run(&mut s, next, asked(CommandClass::Act, now), now) }
                2 if !running.is_empty() => {
                    let n = running.remove(usize::try_from(which).unwrap() % running.len());
                    over.insert(n);
                    done(&mut s, n, now)
                }
                3 => s.apply(control(ControlAction::TakeControl, now)),
                4 => s.apply(control(ControlAction::ReturnControl, now)),
                _ => s.apply(Input::Tick { now }),
            };
            for n in started(&effects) {
                prop_assert!(over.insert(n), "{} is answered for already", n);
                over.remove(&n);
                running.push(n);
            }
            for (n, _) in rejected(&effects) {
                prop_assert!(over.insert(n) && !running.contains(&n));
            }
            prop_assert!(running.len() <= 1, "{:?} run at once", running);
        }
    }
}

#[test]
fn whoever_drives_answers_dialogs_and_is_not_held_back() {
    let now = Instant::now();
    let mut s = session(now);
    let conn = |name: &str| Some(ConnId::new(name).unwrap());
    let take = |conn| Input::Control {
        request: ControlRequest {
            action: ControlAction::TakeControl,
            holder: Some("ann".into()),
            by: None,
            note: None,
        },
        conn,
        now,
    };
    let by = |class, conn| Asked { conn, ..asked(class, now) };
    s.apply(take(conn("ann")));
    assert!(matches!(
        run(&mut s, 1, by(CommandClass::Dialog, None), now)[..],
        [Effect::Reject(Ticket(1), _)]
    ));
    assert!(matches!(run(&mut s, 2, by(CommandClass::Dialog, conn("bob")), now)[..], [Effect::Reject(..)]));
    assert!(run(&mut s, 3, by(CommandClass::Act, None), now).is_empty(), "held");
    assert!(matches!(run(&mut s, 4, by(CommandClass::Act, conn("ann")), now)[..], [Effect::Start(_)]));
    assert!(matches!(run(&mut s, 5, by(CommandClass::Dialog, conn("ann")), now)[..], [Effect::Start(_)]));
    // Control that is kept by repeating has no connection to be known by.
    s.apply(take(None));
    assert!(matches!(run(&mut s, 6, by(CommandClass::Dialog, None), now)[..], [Effect::Start(_)]));
    assert!(run(&mut s, 7, by(CommandClass::Act, None), now).is_empty(), "held");
}

#[test]
fn a_client_that_is_there_keeps_the_session_from_being_idle() {
    let now = Instant::now();
    let at = |s| now + Duration::from_secs(s);
    let mut s = session(now);
    s.apply(Input::Clients { count: 1, busy: true, now });
    assert!(s.apply(Input::Tick { now: at(1_000) }).is_empty());
    s.apply(Input::Clients { count: 0, busy: false, now: at(1_000) });
    assert_eq!(s.apply(Input::Tick { now: at(1_050) }).len(), 0, "counted from when it left");
    let effects = s.apply(Input::Tick { now: at(1_300) });
    assert!(matches!(effects[..], [Effect::End(_)]), "{effects:?}");
}

#[test]
fn a_dialog_is_left_to_clients_that_are_told_of_it() {
    let now = Instant::now();
    let at = |s| now + Duration::from_secs(s);
    let mut s = session(now);
    s.apply(Input::Dialog { tab: 1, open: Some(dialog(DialogKind::Confirm)), now });
    s.apply(Input::DialogsAnswered { by_clients: true });
    assert!(s.apply(Input::Tick { now: at(5) }).is_empty());
    s.apply(Input::DialogsAnswered { by_clients: false });
    assert!(s.apply(Input::Tick { now: at(9) }).is_empty(), "it has its time from then on");
    let effects = s.apply(Input::Tick { now: at(10) });
    assert!(matches!(effects[..], [Effect::AnswerDialog { tab: 1, accept: false }]), "{effects:?}");
}

#[test]
fn a_dialog_that_has_no_time_is_not_looked_at_without_a_pause() {
    for by_clients in [false, true] {
        let now = Instant::now();
        let mut s = session_with(Duration::ZERO, now);
        s.apply(Input::Dialog { tab: 1, open: Some(dialog(DialogKind::Confirm)), now });
        s.apply(Input::DialogsAnswered { by_clients });
        let due = s.deadline();
        assert!(due <= now + Duration::from_millis(100));
        let answered = s.apply(Input::Tick { now: due });
        assert_eq!(answered.len(), usize::from(!by_clients), "{answered:?}");
        assert!(s.deadline() > due, "it would be looked at without end");
    }
}
