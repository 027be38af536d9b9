//! Real browser processes: their start, their end by all causes, and the pipe in between.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{Rig, assert_nothing_left, members, until};
use chromiumoxide_cdp::cdp::browser_protocol::browser::GetVersionParams;
use chromiumoxide_cdp::cdp::browser_protocol::page::{EnableParams, EventLoadEventFired, NavigateParams};
use chromiumoxide_cdp::cdp::browser_protocol::target::CreateTargetParams;
use chromiumoxide_cdp::cdp::js_protocol::runtime::EvaluateParams;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use worker::browser::{ExitReason, Homes, LaunchError, LaunchOptions, Process, User, launch, sweep};
use worker::cdp::{CallError, Cdp, Gone, Interest};

async fn page(browser: &Process) -> Cdp {
    let target = browser.cdp().call(CreateTargetParams::new("about:blank")).await.unwrap().target_id;
    browser.cdp().attach(target).await.unwrap()
}

async fn evaluate(page: &Cdp, expression: &str) -> Result<serde_json::Value, CallError> {
    let mut params = EvaluateParams::new(expression);
    params.return_by_value = Some(true);
    Ok(page.call(params).await?.result.value.unwrap_or_default())
}

/// A script that keeps the page busy for longer than any test waits.
const NEVER: &str = "new Promise(() => {})";

async fn never(page: &Cdp) -> Result<(), CallError> {
    let mut params = EvaluateParams::new(NEVER);
    params.await_promise = Some(true);
    page.call(params).await.map(|_| ())
}

fn signal(browser: &Process, signal: Signal) {
    killpg(Pid::from_raw(browser.group()), signal).unwrap();
}

#[tokio::test]
async fn a_browser_answers_and_leaves_nothing_behind() {
    let rig = Rig::new().await;
    let browser = rig.launch().await;
    assert!(browser.version().unwrap().product.contains("Chrome"));
    let page = page(&browser).await;
    assert_eq!(evaluate(&page, "6 * 7").await.unwrap(), 42);
    assert!(browser.pss_bytes().unwrap() > 50 << 20);
    assert!(browser.disk_bytes().unwrap() > 0);
    let (group, home) = (browser.group(), browser.home().to_owned());
    assert!(members(group).len() > 2);
    assert_eq!(browser.close().await, ExitReason::Closed);
    assert_nothing_left(group, &home);
    assert_eq!(evaluate(&page, "1").await, Err(CallError::Closed(Gone::Closed)));
}

#[tokio::test]
async fn a_dropped_browser_leaves_nothing_behind() {
    let rig = Rig::new().await;
    let browser = rig.launch().await;
    let (group, home) = (browser.group(), browser.home().to_owned());
    drop(browser);
    until("the browser is gone", Duration::from_secs(5), || members(group).is_empty() && !home.exists())
        .await;
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_nothing_behind() {
    let rig = Rig::new().await;
    for micros in [1, 500, 2_000, 5_000, 20_000, 60_000] {
        let given_up = launch(&rig.homes, &rig.options);
        let _ = tokio::time::timeout(Duration::from_micros(micros), given_up).await;
    }
    let own = rig.homes.path().to_owned();
    // The lock of the directory's owner stays.
    until("only the lock is left", Duration::from_secs(10), || std::fs::read_dir(&own).unwrap().count() == 1)
        .await;
}

#[test]
fn a_runtime_that_goes_down_takes_its_browsers_along() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (rig, browser) = runtime.block_on(async {
        let rig = Rig::new().await;
        let browser = rig.launch().await;
        (rig, browser)
    });
    let (group, home) = (browser.group(), browser.home().to_owned());
    drop(runtime);
    assert_nothing_left(group, &home);
    drop((browser, rig));
}

#[tokio::test]
async fn it_runs_sandboxed_without_privileges_and_without_foreign_descriptors() {
    let rig = Rig::new().await;
    let marker = rig.data.path().join("marker");
    let inherited = std::fs::File::create(&marker).unwrap();
    let flags = nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty());
    nix::fcntl::fcntl(&inherited, flags).unwrap();
    let browser = rig.launch().await;
    let _page = page(&browser).await;
    let mut filtered = 0;
    for pid in members(browser.group()) {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let field =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        assert_ne!(field("Uid:").split_whitespace().next(), Some("0"), "runs as root");
        filtered += usize::from(field("Seccomp:") == "2");
        for descriptor in std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
            assert_ne!(
                std::fs::read_link(descriptor.path()).ok().as_ref(),
                Some(&marker),
                "descriptor leaked"
            );
        }
    }
    assert!(filtered > 0, "no process has a system call filter");
    browser.close().await;
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_call_is_reported_to_the_caller() {
    let rig = Rig::new().await;
    let browser = rig.launch().await;
    let page = page(&browser).await;
    let (group, home) = (browser.group(), browser.home().to_owned());
    let call = tokio::spawn(async move { never(&page).await });
    until("the call is on its way", Duration::from_secs(5), || browser.stats().waiting == 1).await;
    signal(&browser, Signal::SIGKILL);
    let outcome = tokio::time::timeout(Duration::from_secs(2), call).await.unwrap().unwrap();
    assert_eq!(outcome, Err(CallError::Closed(Gone::PipeClosed)));
    assert_eq!(browser.ended().await, ExitReason::Killed(9));
    assert_nothing_left(group, &home);
}

#[tokio::test]
async fn a_browser_that_stops_is_found_out_but_a_frozen_one_is_not() {
    let rig = Rig::new().await;
    let (silent, full, frozen) = (rig.launch().await, rig.launch().await, rig.launch().await);
    let page = page(&frozen).await;
    let started = Instant::now();
    signal(&silent, Signal::SIGSTOP);
    signal(&full, Signal::SIGSTOP);
    frozen.freeze();
    let text = "x".repeat(8 << 20);
    let full_cdp = full.cdp().clone();
    let stuffed = tokio::spawn(async move { evaluate(&full_cdp, &text).await });
    let held = tokio::spawn(async move { (evaluate(&page, "1 + 1").await, page) });
    assert_eq!(full.ended().await, ExitReason::Lost(Gone::WriteStalled));
    assert_eq!(stuffed.await.unwrap(), Err(CallError::Closed(Gone::WriteStalled)));
    assert_eq!(silent.ended().await, ExitReason::Lost(Gone::Unresponsive));
    assert!(started.elapsed() > Duration::from_secs(9) && started.elapsed() < Duration::from_secs(30));
    // Longer than the others were given.
    tokio::time::sleep(Duration::from_secs(16).saturating_sub(started.elapsed())).await;
    assert_eq!(frozen.exit_reason(), None);
    assert!(!held.is_finished(), "a frozen browser answers nothing");
    frozen.thaw();
    assert_eq!(held.await.unwrap().0.unwrap(), 2);
    for browser in [silent, full, frozen] {
        let (group, home) = (browser.group(), browser.home().to_owned());
        browser.close().await;
        assert_nothing_left(group, &home);
    }
}

#[tokio::test]
async fn large_messages_pass_and_too_large_ones_are_refused() {
    let rig = Rig::new().await;
    let browser = rig.launch().await;
    let page = page(&browser).await;
    let answer = page.call_answer("Runtime.evaluate", &EvaluateParams::new("'x'.repeat(100 << 20)")).await;
    assert!(answer.unwrap().bytes().len() > 100 << 20);
    let long = format!("'{}'.length", "y".repeat(20 << 20));
    assert_eq!(evaluate(&page, &long).await.unwrap(), 20 << 20);
    let error = evaluate(&page, &"z".repeat(65 << 20)).await.unwrap_err();
    assert!(matches!(error, CallError::Oversized { .. }), "{error:?}");
    assert_eq!(evaluate(&page, "1").await.unwrap(), 1);
    browser.close().await;
}

#[tokio::test]
async fn calls_end_by_answer_refusal_deadline_or_cancel_and_leave_no_trace() {
    let rig = Rig::new().await;
    let browser = rig.launch().await;
    let page = page(&browser).await;
    let refused = page.call_raw("No.such", ()).await.unwrap_err();
    assert!(matches!(refused, CallError::Protocol { code: -32601, .. }), "{refused:?}");
    let patience = Duration::from_millis(50);
    assert_eq!(never(&page.with_timeout(patience)).await, Err(CallError::Timeout(patience)));
    for _ in 0..100 {
        let _ = tokio::time::timeout(Duration::from_micros(300), never(&page)).await;
    }
    assert_eq!(browser.stats().waiting, 0);
    // A result of another shape than the protocol crate promises.
    let odd = page.call_answer("Runtime.evaluate", &EvaluateParams::new("1")).await.unwrap();
    assert!(matches!(odd.decode::<Vec<u8>>(), Err(CallError::Decode(_))));
    assert_eq!(evaluate(&page, "1").await.unwrap(), 1);
    browser.close().await;
}

#[tokio::test]
async fn a_target_that_goes_takes_its_calls_along_and_a_dropped_handle_detaches() {
    let rig = Rig::new().await;
    let browser = rig.launch().await;
    let (page, watched) = (page(&browser).await, page(&browser).await);
    let mut detached = browser.cdp().events(Interest(&["Target.detachedFromTarget"]), 8);
    let closing = page.clone();
    let call = tokio::spawn(async move { never(&page).await });
    until("the call is on its way", Duration::from_secs(5), || browser.stats().waiting == 1).await;
    closing.call_raw("Page.close", ()).await.unwrap();
    assert_eq!(call.await.unwrap(), Err(CallError::Detached));
    assert_eq!(evaluate(&closing, "1").await, Err(CallError::Detached));
    detached.next().await.unwrap();
    drop(watched);
    detached.next().await.expect("the second session is detached");
    browser.close().await;
    assert!(detached.next().await.is_none(), "the channel ends with the browser");
}

#[tokio::test]
async fn events_come_typed_and_a_full_channel_drops_without_holding_up_calls() {
    let rig = Rig::new().await;
    let browser = rig.launch().await;
    let page = page(&browser).await;
    let mut loads = page.events(Interest(&["Page.loadEventFired"]), 16);
    let mut narrow = page.events(Interest(&["Runtime.consoleAPICalled"]), 4);
    page.call(EnableParams::default()).await.unwrap();
    page.call_raw("Runtime.enable", ()).await.unwrap();
    page.call(NavigateParams::new("data:text/html,hello")).await.unwrap();
    loads.next_of::<EventLoadEventFired>().await.expect("a load");
    evaluate(&page, "for (let i = 0; i < 1000; i++) console.log(i)").await.unwrap();
    assert_eq!(evaluate(&page, "'still answers'").await.unwrap(), "still answers");
    assert_eq!(narrow.dropped(), 996);
    let first = narrow.next().await.unwrap();
    assert!(first.decode::<Vec<u8>>().is_none());
    assert_eq!(browser.stats().undecodable, 1);
    browser.close().await;
}

#[tokio::test]
async fn what_does_not_start_says_why_and_what_to_do() {
    let rig = Rig::new().await;
    let attempt = |change: &dyn Fn(&mut LaunchOptions)| {
        let mut options = rig.options.clone();
        change(&mut options);
        let homes = rig.homes.clone();
        async move { launch(&homes, &options).await.err().expect("must not start") }
    };
    let missing = attempt(&|options| options.executable = "/nonexistent".into()).await;
    assert!(matches!(missing, LaunchError::Executable { .. }) && missing.to_string().contains("--browser"));
    let no_browser = attempt(&|options| options.executable = "/bin/true".into()).await;
    assert!(matches!(no_browser, LaunchError::Ended { .. }), "{no_browser:?}");
    let silent = attempt(&|options| {
        options.executable = "/usr/bin/yes".into();
        options.deadline = Duration::from_millis(200);
    });
    let silent = silent.await;
    assert!(matches!(silent, LaunchError::Silent { .. } | LaunchError::Ended { .. }), "{silent:?}");
    if User::is_needed() {
        let root = attempt(&|options| options.user = None).await;
        assert!(matches!(root, LaunchError::RootSandbox));
        let closed = tempfile::tempdir().unwrap();
        std::fs::set_permissions(closed.path(), PermissionsExt::from_mode(0o700)).unwrap();
        let homes = Homes::open(closed.path()).unwrap();
        let unreachable = launch(&homes, &rig.options).await.err().expect("must not start");
        assert!(unreachable.to_string().contains("--data-dir"), "{unreachable}");
    }
    let left: Vec<_> = std::fs::read_dir(rig.homes.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "only the lock is left: {left:?}");
}

const CHILD_DATA: &str = "ROOKERY_TEST_CHILD_DATA";

#[tokio::test]
async fn browsers_die_with_a_killed_worker_and_the_next_one_sweeps() {
    let rig = Rig::new().await;
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "chromium::process::a_worker_that_is_killed", "--nocapture"])
        .env(CHILD_DATA, rig.data.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(worker.stdout.take().unwrap());
    let line = std::io::BufRead::lines(output)
        .map_while(Result::ok)
        .find_map(|line| line.split_once("browser of group ").map(|(_, group)| group.to_owned()));
    let group: i32 = line.expect("the child names its browser").trim().parse().unwrap();
    assert!(!members(group).is_empty());
    assert_eq!(sweep::sweep(rig.data.path()).unwrap(), sweep::Swept::default(), "the worker lives");
    worker.kill().unwrap();
    worker.wait().unwrap();
    until("the browser is gone", Duration::from_secs(5), || members(group).is_empty()).await;
    assert_eq!(sweep::sweep(rig.data.path()).unwrap(), sweep::Swept { browsers: 0, owners: 1 });
    assert!(rig.homes.path().exists());
}

/// Not a test of its own: the worker process of the test above.
#[tokio::test]
async fn a_worker_that_is_killed() {
    let Some(data) = std::env::var_os(CHILD_DATA) else { return };
    let homes = Homes::open(data.as_ref()).unwrap();
    let browser = launch(&homes, &super::support::options().await).await.unwrap();
    println!("browser of group {}", browser.group());
    browser.cdp().call(GetVersionParams::default()).await.unwrap();
    browser.ended().await;
}
