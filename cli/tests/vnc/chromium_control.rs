//! Hands: who may act, what arrives, and what others are told.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    page::{LISTEN, control, password, seen, session, site, stream, until_mode, until_text},
    support::{Fleet, fleet::Gateway, until},
    viewer::{CLIPBOARD, DESKTOP_NAME, EXTENDED_SIZE, Said, Viewer},
};

async fn set_control(gateway: &Gateway, id: &str, body: Value) {
    gateway.send(Method::PUT, &format!("/v1/sessions/{id}/control"), Some(body)).await.ok();
}

async fn bell(viewer: &mut Viewer) {
    while !matches!(viewer.next().await.unwrap(), Said::Bell) {}
}

#[tokio::test]
async fn a_click_takes_control_keys_type_their_text_and_leaving_gives_it_back() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/")).await;
    let mut viewer = Viewer::by_password(&fleet, &password(&fleet, &id).await).await.unwrap();
    viewer.encodings(&[0, DESKTOP_NAME]).await;
    viewer.pointer(0, 300, 300).await;
    viewer.request(false).await;
    viewer.until(0).await;
    assert_eq!(
        control(&fleet, &id).await["mode"],
        "ai_control",
        "a hand that passes over it is no hand on it"
    );
    viewer.click(100, 100).await;
    let held = until_mode(&fleet, &id, "user_control").await;
    assert!(held["holder"].as_str().unwrap().starts_with("VNC viewer "), "{held}");
    viewer.type_text("Zoë Å €😀漢").await;
    // dead_acute e, AltGr with @, the keypad's 7, Shift+a as A, BackSpace.
    viewer.press(0xfe51).await;
    viewer.press(u32::from(b'e')).await;
    viewer.key(true, 0xfe03).await;
    viewer.press(u32::from(b'@')).await;
    viewer.key(false, 0xfe03).await;
    viewer.press(0xffb7).await;
    viewer.key(true, 0xffe1).await;
    viewer.press(u32::from(b'A')).await;
    viewer.key(false, 0xffe1).await;
    viewer.press(u32::from(b'?')).await;
    viewer.press(0xff08).await;
    until_text(&fleet, &id, "Zoë Å €😀漢é@7A").await;
    while viewer.name != "typing – you drive" {
        viewer.request(true).await;
        viewer.until(DESKTOP_NAME).await;
    }
    drop(viewer);
    until_mode(&fleet, &id, "ai_control").await;
}

#[tokio::test]
async fn buttons_and_wheels_arrive_where_they_were_used() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/")).await;
    let mut viewer = Viewer::websocket(&fleet, &id, "?name=Ann").await;
    viewer.click(600, 40).await;
    viewer.click(600, 40).await;
    viewer.pointer(4, 610, 50).await;
    viewer.pointer(0, 610, 50).await;
    viewer.key(true, 0xffe1).await;
    viewer.click(620, 60).await;
    viewer.key(false, 0xffe1).await;
    for buttons in [16, 0, 8, 0] {
        viewer.pointer(buttons, 630, 70).await;
    }
    let expected = json!([
        "mousedown,0,600,40,false,0",
        "mousedown,0,600,40,false,0",
        "dblclick,0,600,40,false,0",
        "mousedown,2,610,50,false,0",
        "contextmenu,2,610,50,false,0",
        "mousedown,0,620,60,true,0",
        "wheel,0,630,70,false,1",
        "wheel,0,630,70,false,-1",
    ]);
    until("the events", || async {
        let seen = seen(&fleet, &id).await["seen"].clone();
        if seen == expected { Ok(()) } else { Err(seen.to_string()) }
    })
    .await;
    assert_eq!(control(&fleet, &id).await["holder"], "Ann");
}

#[tokio::test]
async fn a_viewer_watches_and_another_persons_wheel_is_left_alone() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/")).await;
    let view_password = stream(&fleet, &id).await["view_password"].as_str().unwrap().to_owned();
    let mut watcher = Viewer::by_password(&fleet, &view_password).await.unwrap();
    watcher.click(100, 100).await;
    bell(&mut watcher).await;
    assert_eq!(control(&fleet, &id).await["mode"], "ai_control");
    watcher.encodings(&[0, EXTENDED_SIZE]).await;
    watcher.wish_size(640, 480).await;
    watcher.request(true).await;
    // Once to say that sizes can be wished for, once with the answer: prohibited.
    while watcher.until(EXTENDED_SIZE).await.at != [1, 1, 800, 600] {
        watcher.request(true).await;
    }

    set_control(&fleet, &id, json!({ "action": "take_control", "holder": "ann" })).await;
    let mut viewer = Viewer::websocket(&fleet, &id, "").await;
    assert_eq!(viewer.name, "typing – ann drives");
    viewer.click(100, 100).await;
    viewer.type_text("nobody").await;
    bell(&mut viewer).await;
    set_control(&fleet, &id, json!({ "action": "return_control", "holder": "ann" })).await;
    viewer.encodings(&[0, DESKTOP_NAME]).await;
    while viewer.name != "typing – the agent drives" {
        viewer.request(true).await;
        viewer.until(DESKTOP_NAME).await;
    }
    viewer.click(100, 100).await;
    until_mode(&fleet, &id, "user_control").await;
    viewer.type_text("me").await;
    until_text(&fleet, &id, "me").await;
    // Taken away in the middle, with a key down: what comes then is not for the page.
    viewer.key(true, 0xffe1).await;
    set_control(&fleet, &id, json!({ "action": "pause" })).await;
    until_mode(&fleet, &id, "paused").await;
    set_control(&fleet, &id, json!({ "action": "resume" })).await;
    assert_eq!(fleet.evaluate(&id, "document.querySelector('textarea').value").await, "me");
}

#[tokio::test]
async fn who_drives_may_have_another_size() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/")).await;
    let mut viewer = Viewer::by_password(&fleet, &password(&fleet, &id).await).await.unwrap();
    viewer.encodings(&[0, EXTENDED_SIZE]).await;
    viewer.request(false).await;
    viewer.until(EXTENDED_SIZE).await;
    viewer.click(100, 100).await;
    until_mode(&fleet, &id, "user_control").await;
    for (wished, answer) in [((1_000, 500), [1, 0, 1_000, 500]), ((0, 0), [1, 3, 1_000, 500])] {
        viewer.wish_size(wished.0, wished.1).await;
        loop {
            viewer.request(true).await;
            let rect = viewer.until(EXTENDED_SIZE).await;
            if rect.at == answer {
                break;
            }
            assert_eq!(rect.at[0], 0, "{:?}", rect.at);
        }
    }
    viewer.request(false).await;
    assert_eq!(viewer.until(0).await.at, [0, 0, 1_000, 500]);
    drop(viewer);
    until_mode(&fleet, &id, "ai_control").await;
    assert_eq!(fleet.evaluate(&id, "[innerWidth, innerHeight].join()").await, "1000,500");
}

#[tokio::test]
async fn what_was_copied_elsewhere_is_pasted() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/")).await;
    let paste = async |viewer: &mut Viewer| {
        viewer.key(true, 0xffe3).await;
        viewer.press(u32::from(b'v')).await;
        viewer.key(false, 0xffe3).await;
    };
    let mut viewer = Viewer::websocket(&fleet, &id, "").await;
    viewer.click(100, 100).await;
    viewer.send(&[[6, 0, 0, 0, 0, 0, 0, 5].as_slice(), b"caf\xe9 "].concat()).await;
    paste(&mut viewer).await;
    until_text(&fleet, &id, "café ").await;

    viewer.encodings(&[0, CLIPBOARD]).await;
    let Said::Clipboard(can) = viewer.next().await.unwrap() else { panic!("it says what it can do") };
    assert_eq!(can[..4], [0x1d, 0, 0, 1]);
    // "There is a text" is answered by a wish for it.
    viewer.send(&[6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 8, 0, 0, 1]).await;
    let wants = loop {
        if let Said::Clipboard(wants) = viewer.next().await.unwrap() {
            break wants;
        }
    };
    assert_eq!(wants, [2, 0, 0, 1]);
    let text = "日本語\r\n😀\0".as_bytes();
    let deflated = stored([&(text.len() as u32).to_be_bytes(), text].concat().as_slice());
    let message = [&[0x10, 0, 0, 1], deflated.as_slice()].concat();
    viewer
        .send(&[&[6, 0, 0, 0], (-(message.len() as i32)).to_be_bytes().as_slice(), &message].concat())
        .await;
    paste(&mut viewer).await;
    until_text(&fleet, &id, "café 日本語\n😀").await;
}

/// Bytes as a stream of zlib that is not compressed.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u16;
    let (mut a, mut b) = (1_u32, 0);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let sum = (b << 16 | a).to_be_bytes();
    [&[0x78, 1, 1], length.to_le_bytes().as_slice(), &(!length).to_le_bytes(), bytes, &sum].concat()
}
