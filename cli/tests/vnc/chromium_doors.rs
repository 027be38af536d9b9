//! Who comes in, and what becomes of those who do not.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream, time::timeout};

use super::{
    page::{LISTEN, password, session, site, stream},
    support::{Fleet, SOON},
    viewer::{LEVEL_6, TIGHT, Viewer},
};

#[tokio::test]
async fn the_password_selects_the_session_and_a_name_may_come_first() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let (one, two) = (session(&fleet, &site.url("/")).await, session(&fleet, &site.url("/move")).await);
    fleet
        .send(reqwest::Method::PATCH, &format!("/v1/sessions/{two}"), Some(json!({ "name": "two" })))
        .await
        .ok();
    let told = stream(&fleet, &one).await;
    assert_eq!(told["listen"], fleet.vnc.as_deref().unwrap());
    assert_eq!(told["url"], format!("ws://{}/v1/sessions/{one}/vnc", fleet.address()));
    for (id, name) in [(&one, "typing"), (&two, "two")] {
        let viewer = Viewer::by_password(&fleet, &password(&fleet, id).await).await.unwrap();
        assert_eq!(viewer.name, format!("{name} – the agent drives"));
    }
    // As to a repeater. The password has to be that session's.
    for (password_of, let_in) in [(&two, true), (&one, false)] {
        let mut viewer = Viewer::tcp(&fleet).await;
        viewer.take(12).await.unwrap();
        let mut named = format!("ID:{two}").into_bytes();
        named.resize(250, 0);
        viewer.send(&named).await;
        assert_eq!(viewer.take(12).await.unwrap(), b"RFB 003.008\n");
        viewer.send(b"RFB 003.008\n").await;
        let entered = viewer.authenticate(&password(&fleet, password_of).await).await;
        assert_eq!(entered.is_ok(), let_in, "{entered:?}");
    }
    // A session that has ended has no password, and its viewers are shown out.
    let mut viewer = Viewer::websocket(&fleet, &one, "").await;
    let of_one = password(&fleet, &one).await;
    fleet.end(&one).await;
    assert_eq!(viewer.ended().await.0, "1000 the session has ended");
    let refused = Viewer::by_password(&fleet, &of_one).await.err().unwrap();
    assert!(refused.0.contains("no live session"), "{refused:?}");
}

#[tokio::test]
async fn wrong_passwords_take_a_while_and_then_nobody_listens() {
    let fleet = Fleet::with(&LISTEN).await;
    let id = fleet.session().await;
    let right = password(&fleet, &id).await;
    let begun = Instant::now();
    let wrong = Viewer::by_password(&fleet, "wrong").await.err().unwrap();
    assert!(wrong.0.contains("no live session") && begun.elapsed() >= Duration::from_secs(1), "{wrong:?}");
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let address = fleet.vnc.clone().unwrap();
        guesses.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(&[b"RFB 003.003\n".as_slice(), &[0; 16]].concat()).await.unwrap();
            let mut said = Vec::new();
            timeout(SOON, stream.read_to_end(&mut said)).await.unwrap().unwrap();
            said
        });
    }
    // Of 3.3: the greeting, the kind of security, the challenge and that it was not right.
    while let Some(said) = guesses.join_next().await {
        assert_eq!(said.unwrap()[32..], [0, 0, 0, 1]);
    }
    let locked = Viewer::by_password(&fleet, &right).await.err().unwrap();
    assert!(locked.0.contains("too many wrong passwords"), "{locked:?}");
    // The WebSocket has the gateway's own doors.
    Viewer::websocket(&fleet, &id, "").await;
}

/// Everything that is said to who says this, after the greeting.
async fn answer_to(fleet: &Fleet, words: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(fleet.vnc.as_deref().unwrap()).await.unwrap();
    // It may be shown out before it has said all.
    drop(stream.write_all(words).await);
    let mut said = Vec::new();
    drop(timeout(SOON, stream.read_to_end(&mut said)).await.unwrap());
    said
}

#[tokio::test]
async fn noise_is_shown_out_and_nobody_else_notices() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/move")).await;
    let mut other = Viewer::websocket(&fleet, &id, "").await;
    other.encodings(&[TIGHT, LEVEL_6]).await;
    for words in
        [b"GET / HTTP/1.1\r\n\r\n".as_slice(), b"\x16\x03\x01\x02", &[0xff; 1 << 16], b"RFB 002.001\n"]
    {
        assert!(answer_to(&fleet, words).await.len() <= 12);
    }
    let refused = answer_to(&fleet, b"RFB 003.008\n\x01").await;
    assert!(refused.ends_with(b"this kind of security was not offered"), "{refused:?}");

    let huge = [[6, 0, 0, 0].as_slice(), &(100_i32 << 20).to_be_bytes()].concat();
    let mapped = [[0; 4].as_slice(), &[8, 8, 0, 0, 0, 7, 0, 7, 0, 3, 0, 3, 6, 0, 0, 0]].concat();
    let clipboard = [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xf8, 0x10, 0, 0, 1, 1, 2, 3, 4];
    for (noise, reason) in [
        ([99; 64].as_slice(), "1003 unknown message 99"),
        (&[2, 0, 0xff, 0xff], "1003 at most 1024 encodings"),
        (&huge, "1003 a clipboard of this size is refused"),
        (&mapped, "1003 colour maps are not supported: ask for true colour"),
        (&clipboard, "1003 a clipboard that cannot be inflated"),
        (&[248, 0, 0, 0, 0, 0, 0, 0, 65], "1003 a fence of at most 64 bytes"),
        (&[0; 3 << 20], "1009 this message is too large"),
    ] {
        let mut viewer = Viewer::websocket(&fleet, &id, "").await;
        viewer.send(noise).await;
        assert_eq!(viewer.ended().await.0, reason);
    }
    // Half-open ones take only the places of their own address, and not for ever.
    let address = fleet.vnc.clone().unwrap();
    let mut open = Vec::new();
    for _ in 0..16 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        open.push(stream);
    }
    let mut late = TcpStream::connect(&address).await.unwrap();
    assert_eq!(timeout(SOON, late.read(&mut [0; 12])).await.unwrap().unwrap_or(0), 0);
    let begun = Instant::now();
    for mut stream in open {
        assert_eq!(timeout(SOON, stream.read(&mut [0; 12])).await.unwrap().unwrap_or(0), 0);
    }
    assert!(begun.elapsed() > Duration::from_secs(5));
    other.request(true).await;
    other.until(TIGHT).await;
    Viewer::by_password(&fleet, &password(&fleet, &id).await).await.unwrap();
    fleet.end(&id).await;
    fleet.works().await;
}
