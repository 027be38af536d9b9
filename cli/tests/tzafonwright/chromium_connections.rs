//! How connections end, who may open one, and that none is in the way of another.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures::{SinkExt, StreamExt};
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::{
    client::{Client, LISTEN, address, only, sessions},
    support::{Fleet, fleet::signal, until},
};

const HANDSHAKE: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
/// A client is asked after 20 s whether it is there, and has 20 s to answer.
const SILENCE: Duration = Duration::from_secs(45);

#[tokio::test]
async fn a_session_ends_with_its_connection_and_a_connection_with_its_session() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "1"]].concat()).await;
    let mut client = Client::open(&fleet).await;
    client.picture().await;
    let id = only(&fleet, "ready").await;
    client.stream.close(None).await.unwrap();
    assert_eq!(fleet.ended(&id).await["end_reason"], "client_gone");

    // In the middle of what it asked for, and without a goodbye.
    let mut client = Client::open(&fleet).await;
    client.picture().await;
    let id = only(&fleet, "ready").await;
    client.send(&json!({ "action_type": "goto", "url": fleet.url("/demo") })).await;
    drop(client);
    assert_eq!(fleet.ended(&id).await["end_reason"], "client_gone");

    let mut client = Client::open(&fleet).await;
    client.picture().await;
    let id = only(&fleet, "ready").await;
    fleet.send(Method::DELETE, &format!("/v1/sessions/{id}"), None).await.ok();
    assert_eq!(client.closed().await, (1000, "the session has ended: released".to_owned()));
}

#[tokio::test]
async fn a_browser_that_dies_is_replaced_and_still_goes_with_its_client() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "1", "--warm", "0"]].concat()).await;
    let mut client = Client::open(&fleet).await;
    client.must(json!({ "action_type": "set_viewport_size", "width": 640, "height": 480 })).await;
    client.goto(&fleet.url("/demo")).await;
    let id = only(&fleet, "ready").await;
    for pid in fleet.browsers() {
        signal(pid, Signal::SIGKILL);
    }
    until("another browser", || async {
        let session = fleet.shown(&id).await;
        if session["state"] == "ready" && session["epoch"] == 2 { Ok(()) } else { Err(session.to_string()) }
    })
    .await;
    assert_eq!(client.picture().await, (640, 480));
    client.goto(&fleet.url("/demo")).await;
    client.stream.close(None).await.unwrap();
    assert_eq!(fleet.ended(&id).await["end_reason"], "client_gone");
}

#[tokio::test]
async fn a_gateway_that_stops_says_so_and_leaves_nothing() {
    let fleet = Fleet::with(&["--slots", "1"]).await;
    let edge = fleet.edge_with(&LISTEN).await;
    let mut served = Client::open(&edge).await;
    served.picture().await;
    let mut queued = Client::open(&edge).await;
    let ids = [only(&fleet, "ready").await, only(&fleet, "queued").await];
    let stopping = tokio::task::spawn_blocking(move || drop(edge));
    for client in [&mut served, &mut queued] {
        assert_eq!(client.closed().await, (1001, "the gateway is stopping".to_owned()));
    }
    stopping.await.unwrap();
    for (id, reason) in ids.iter().zip(["client_gone", "cancelled"]) {
        assert_eq!(fleet.ended(id).await["end_reason"], reason);
    }
}

#[tokio::test]
async fn a_gateway_that_is_killed_leaves_no_session_behind() {
    let fleet = Fleet::with(&["--slots", "1"]).await;
    let edge = fleet.edge_with(&LISTEN).await;
    let mut served = Client::open(&edge).await;
    served.picture().await;
    let _queued = Client::open(&edge).await;
    let ids = [only(&fleet, "ready").await, only(&fleet, "queued").await];
    edge.signal(Signal::SIGKILL);
    assert_eq!(fleet.ended(&ids[0]).await["end_reason"], "client_gone");
    // Claimed, for nobody could cancel it, and found that nobody joined it.
    assert_eq!(fleet.ended(&ids[1]).await["end_reason"], "idle_timeout");
}

/// A process that has shaken hands and was stopped then.
struct Stopped(Child);

impl Stopped {
    fn at(address: &str) -> Self {
        let (host, port) = address.split_once(':').unwrap();
        let script =
            format!("exec 3<>/dev/tcp/{host}/{port}; printf '%s' \"$0\" >&3; head -n1 <&3; kill -STOP $$");
        let mut command = Command::new("bash");
        command.args(["-c", &script, HANDSHAKE]).stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn who_is_silent_or_half_open_holds_nobody_up() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "4"]].concat()).await;
    let at = address(&fleet);
    let _unspoken = TcpStream::connect(at).await.unwrap();
    let mut half = TcpStream::connect(at).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nhost: loc").await.unwrap();
    let mut silent = TcpStream::connect(at).await.unwrap();
    silent.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    let _stopped = Stopped::at(at);
    // This one asks for more than it ever reads.
    let mut greedy = Client::open(&fleet).await;
    for _ in 0..500 {
        greedy.send(&json!({ "action_type": "screenshot" })).await;
    }
    let _reading = until("three sessions", || async {
        let ready = sessions(&fleet, "ready").await.len();
        if ready == 3 { Ok(()) } else { Err(ready.to_string()) }
    })
    .await;
    let mut client = Client::open(&fleet).await;
    for _ in 0..10 {
        let one = timeout(Duration::from_secs(5), client.picture());
        assert_eq!(one.await.unwrap(), (1280, 720));
    }

    // Who does not answer pings is let go; who does is not.
    let waiting = async {
        let mut answered = Vec::new();
        silent.read_to_end(&mut answered).await.unwrap();
    };
    let listening = async {
        loop {
            // Reading answers them.
            let ping = client.stream.next().await;
            assert!(matches!(ping, Some(Ok(Message::Ping(_)))), "{ping:?}");
        }
    };
    tokio::select! {
        gone = timeout(SILENCE, waiting) => gone.unwrap(),
        () = listening => {}
    }
    client.picture().await;
}

#[tokio::test]
async fn what_a_web_page_may_not_open_is_refused_before_the_upgrade() {
    let fleet = Fleet::with(&[&LISTEN[..], &["--slots", "1"]].concat()).await;
    let url = format!("ws://{}/", address(&fleet));
    for (header, value) in [("origin", "https://evil.example"), ("origin", "null"), ("host", "evil.example")]
    {
        let mut request = url.as_str().into_client_request().unwrap();
        request.headers_mut().insert(header, value.parse().unwrap());
        let Error::Http(response) = connect_async(request).await.unwrap_err() else { panic!("{header}") };
        assert_eq!(response.status().as_u16(), 403, "{header}: {value}");
    }
    let plain = fleet.http.get(url.replace("ws:", "http:")).send().await.unwrap();
    assert_eq!(plain.status().as_u16(), 400);
    // A page in a session of this very machine does not even get that far.
    let mut client = Client::open(&fleet).await;
    client.goto(&fleet.url("/demo")).await;
    let id = only(&fleet, "ready").await;
    let there =
        format!("fetch('{}', {{ mode: 'no-cors' }}).then(() => 'reached', () => 'refused')", plain.url());
    assert_eq!(fleet.evaluate(&id, &there).await, "refused");
    let refused = "rookery_http_requests_total{method=\"GET\",route=\"tzafonwright\",status=\"403\"}";
    assert_eq!(fleet.metric(refused).await, 3.0);
    assert_eq!(fleet.metric("rookery_websockets").await, 1.0);
}

#[tokio::test]
async fn where_there_are_tokens_it_asks_for_one() {
    let fleet = Fleet::with(&["--slots", "1"]).await;
    let edge = fleet.edge_with(&[&LISTEN[..], &["--token", "opensesame"]].concat()).await;
    for path in ["/", "/?token=wrong"] {
        let refused = connect_async(format!("ws://{}{path}", address(&edge))).await.unwrap_err();
        let Error::Http(response) = refused else { panic!("{path}: {refused}") };
        assert_eq!(response.status().as_u16(), 401, "{path}");
    }
    let mut client = Client::at(&format!("ws://{}/a/path?token=opensesame", address(&edge))).await;
    client.stream.send(Message::Ping(vec![1].into())).await.unwrap();
    client.picture().await;
}
