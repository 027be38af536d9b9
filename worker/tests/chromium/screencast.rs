//! Pictures of real pages.

use std::time::Duration;

use worker::browser::Process;
use worker::page::{Capture, Frame, Scope, Screencast, Tabs};

use super::support::Rig;

const MOVING: &str = "data:text/html,<body><script>let n = 0; (function draw() { \
    document.body.style.background = `hsl(${n++ % 360} 90%25 50%25)`; requestAnimationFrame(draw) })()</script>";

async fn open(rig: &Rig) -> (Process, Tabs) {
    let browser = rig.launch().await;
    let (tabs, events) = Tabs::open(Scope::Process(&browser)).await.unwrap();
    drop(events);
    tabs.navigate(1, MOVING, None).await.unwrap();
    (browser, tabs)
}

async fn next(screencast: &mut Screencast) -> Frame {
    tokio::time::timeout(Duration::from_secs(5), screencast.next()).await.unwrap().unwrap()
}

#[tokio::test]
async fn pictures_come_as_fast_as_they_are_taken_and_no_faster() {
    let rig = Rig::new().await;
    let (browser, tabs) = open(&rig).await;
    let page = tabs.tab(None).unwrap().cdp;
    let mut screencast = Screencast::start(&page, Capture::default()).await.unwrap();
    let mut last = 0;
    for _ in 0..20 {
        let frame = next(&mut screencast).await;
        assert_eq!((frame.width, frame.height), (1280, 720));
        assert_eq!((frame.input_width, frame.input_height), (1280, 720));
        assert!(frame.captured_at >= last, "none is older than the one before");
        last = frame.captured_at;
        screencast.shown(&frame);
    }
    let held = next(&mut screencast).await;
    let mut unacknowledged = 1;
    while tokio::time::timeout(Duration::from_millis(300), screencast.next()).await.is_ok() {
        unacknowledged += 1;
        assert!(unacknowledged < 10, "nothing holds the capture up");
    }
    screencast.shown(&held);
    next(&mut screencast).await;
    browser.close().await;
    assert!(screencast.next().await.is_none());
}

#[tokio::test]
async fn size_and_quality_change_while_it_runs_and_a_closed_tab_ends_it() {
    let rig = Rig::new().await;
    let (browser, tabs) = open(&rig).await;
    let page = tabs.tab(None).unwrap().cdp;
    let mut screencast = Screencast::start(&page, Capture::default()).await.unwrap();
    let large = next(&mut screencast).await;
    screencast.change(Capture { quality: 30, max_width: 640, max_height: 640 }).await.unwrap();
    let small = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            let frame = screencast.next().await.unwrap();
            screencast.shown(&frame);
            if frame.width != large.width {
                return frame;
            }
        }
    });
    let small = small.await.unwrap();
    assert_eq!((small.width, small.height), (640, 360));
    assert_eq!((small.input_width, small.input_height), (1280, 720));
    tabs.new_tab().await.unwrap();
    tabs.close(1).await.unwrap();
    let end = async { while screencast.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), end).await.unwrap();
    browser.close().await;
}
