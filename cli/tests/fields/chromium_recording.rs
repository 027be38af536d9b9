//! A session's film.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use reqwest::Method;
use serde_json::json;

use super::fleet::{Fleet, Session};

/// Another picture each tenth of a second.
const RESTLESS: &str = "data:text/html,<title>restless</title><h1>0</h1><script>let n = 0; \
    setInterval(() => document.querySelector('h1').textContent = ++n, 100)</script>";

const EBML: u64 = 0x1A45_DFA3;
const SEGMENT: u64 = 0x1853_8067;
const CLUSTER: u64 = 0x1F43_B675;
const TIMESTAMP: u64 = 0xE7;
const SIMPLE_BLOCK: u64 = 0xA3;

/// What a player makes of a file: its pictures and when each is shown, in milliseconds.
#[derive(Debug, Default)]
struct Film {
    heads: usize,
    cluster: u64,
    shown: Vec<u64>,
}

impl Film {
    fn read(bytes: &[u8]) -> Self {
        let mut film = Self::default();
        film.elements(bytes);
        film
    }

    fn elements(&mut self, mut rest: &[u8]) {
        while !rest.is_empty() {
            let id_length = rest[0].leading_zeros() as usize + 1;
            let id = rest[..id_length].iter().fold(0, |id, byte| id << 8 | u64::from(*byte));
            let size_length = rest[id_length].leading_zeros() as usize + 1;
            let size = rest[id_length..id_length + size_length].iter().fold(0, |n, b| n << 8 | u64::from(*b));
            let size = size & ((1 << (7 * size_length)) - 1);
            let unknown = size == (1 << (7 * size_length)) - 1;
            rest = &rest[id_length + size_length..];
            let (content, after) = rest.split_at(if unknown { rest.len() } else { size as usize });
            self.element(id, content);
            rest = after;
        }
    }

    fn element(&mut self, id: u64, content: &[u8]) {
        match id {
            EBML => self.heads += 1,
            SEGMENT | CLUSTER => self.elements(content),
            TIMESTAMP => self.cluster = content.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
            SIMPLE_BLOCK => {
                assert_eq!((content[0], content[3]), (0x81, 0x80));
                assert!(
                    content[4..].starts_with(&[0xff, 0xd8]) && content.ends_with(&[0xff, 0xd9]),
                    "a JPEG"
                );
                self.shown.push(self.cluster + u64::from(u16::from_be_bytes([content[1], content[2]])));
            }
            _ => {}
        }
    }
}

async fn film(session: &Session<'_>) -> Film {
    let (media_type, bytes) = session.fleet.file(&format!("/v1/sessions/{}/recording", session.id)).await;
    assert_eq!(media_type, "video/x-matroska");
    let film = Film::read(&bytes);
    assert_eq!(film.heads, 1);
    assert!(film.shown.is_sorted(), "{film:?}");
    film
}

#[tokio::test]
async fn a_recorded_session_leaves_a_film() {
    let fleet = Fleet::start();
    let session = fleet.create(json!({ "recording": true, "url": RESTLESS })).await;
    let path = format!("/v1/sessions/{}/recording", session.id);
    let (status, answer) = fleet.ask(Method::GET, &path, None).await;
    assert_eq!((status.as_u16(), &answer["code"]), (404, &json!("not_found")), "nothing is stored yet");
    tokio::time::sleep(Duration::from_secs(3)).await;
    session.go("about:blank").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    session.end().await;
    let film = film(&session).await;
    // Four a second of the page that moves, and one that ends the time of the page that does not.
    assert!((5..=16).contains(&film.shown.len()), "{film:?}");
    assert!(*film.shown.last().unwrap() >= 4_500, "{film:?}");
}

#[tokio::test]
async fn a_film_goes_on_in_the_next_browser() {
    let fleet = Fleet::with(&["--slots", "1", "--warm", "0"], &[]);
    let session = fleet.create(json!({ "recording": true, "url": RESTLESS })).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    kill(session.browser(), Signal::SIGKILL).unwrap();
    while session.look().await["epoch"] != 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    session.until("ready").await;
    let first = film(&session).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    session.end().await;
    let whole = film(&session).await;
    assert!(whole.shown.len() > first.shown.len() + 2, "{first:?} {whole:?}");
    assert_eq!(whole.shown[..first.shown.len()], first.shown);
}

#[tokio::test]
async fn a_session_that_is_not_recorded_has_no_film() {
    let fleet = Fleet::start();
    let session = fleet.create(json!({})).await;
    let path = format!("/v1/sessions/{}/recording", session.id);
    for of in [&path, "/v1/sessions/local_00000000000000000000000000000000/recording"] {
        let (status, answer) = fleet.ask(Method::GET, of, None).await;
        assert_eq!((status.as_u16(), &answer["code"]), (404, &json!("not_found")), "{answer}");
    }
}
