//! CDP connections against a real nats-server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use bus::{
    cdp::{Full, Line, Received, Receiver},
    testing::Server,
};
use bus_schema::{ConnId, Region, SessionId, model::cdp::Close};
use bytes::Bytes;
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(20);

struct Ends {
    client: (Line, Receiver),
    owner: (Line, Receiver),
}

async fn connected(server: &Server) -> Ends {
    let (edge, worker) = (server.bus().await, server.bus().await);
    let (id, conn) = (SessionId::random(Region::default()), ConnId::new("c1").unwrap());
    let client = edge.cdp().client(&id, &conn).await.unwrap();
    let owner = worker.cdp().owner(&id, &conn).await.unwrap();
    Ends { client, owner }
}

fn numbered(n: usize, len: usize) -> Bytes {
    let mut message = n.to_be_bytes().to_vec();
    message.resize(len.max(8), b'x');
    message.into()
}

async fn takes(receiver: &mut Receiver, count: usize, len: impl Fn(usize) -> usize) {
    for n in 0..count {
        match timeout(SOON, receiver.next()).await {
            Ok(Received::Message(message)) => assert_eq!(message, numbered(n, len(n)), "message {n}"),
            other => panic!("message {n}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_any_size_arrive_in_order_both_ways() {
    let server = Server::start();
    let Ends { mut client, mut owner } = connected(&server).await;
    let len = |n: usize| [1, 900, 600 << 10, 5 << 20][n % 4];
    let (up, down) = (client.0.clone(), owner.0.clone());
    let sending = tokio::spawn(async move {
        for n in 0..60 {
            up.send(&numbered(n, len(n))).await.unwrap();
        }
    });
    let pushing = tokio::spawn(async move {
        for n in 0..60 {
            while down.push(&numbered(n, len(n))) == Err(Full) {
                sleep(Duration::from_millis(5)).await;
            }
        }
    });
    let client_takes = tokio::spawn(async move {
        takes(&mut client.1, 60, len).await;
        client.1
    });
    let owner_takes = tokio::spawn(async move {
        takes(&mut owner.1, 60, len).await;
        // Either side goes on asking for what is next: acknowledgements come with it.
        owner.1.next().await
    });
    let mut client_hears = client_takes.await.unwrap();
    tokio::select! {
        done = async { tokio::join!(sending, pushing) } => {
            done.0.unwrap();
            done.1.unwrap();
        }
        more = client_hears.next() => panic!("{more:?}"),
    }
    owner.0.close(&Close::new(1008, "slow_consumer")).await;
    let goodbye = timeout(SOON, client_hears.next()).await.unwrap();
    assert_eq!(goodbye, Received::Closed(Close::new(1008, "slow_consumer")));
    owner_takes.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restart_of_the_server_drops_is_sent_again() {
    let mut server = Server::start();
    let Ends { mut client, owner } = connected(&server).await;
    let down = owner.0.clone();
    // The owner's end asks for what is next all the time, as in life.
    let mut receiver = owner.1;
    let hearing = tokio::spawn(async move { receiver.next().await });
    let pushing = tokio::spawn(async move {
        for n in 0..4_000 {
            while down.push(&numbered(n, 2_000)) == Err(Full) {
                sleep(Duration::from_millis(5)).await;
            }
            if n % 100 == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        }
    });
    takes(&mut client.1, 500, |_| 2_000).await;
    server.restart();
    for n in 500..4_000 {
        match timeout(SOON, client.1.next()).await {
            Ok(Received::Message(message)) => assert_eq!(message, numbered(n, 2_000), "message {n}"),
            other => panic!("message {n}: {other:?}"),
        }
    }
    pushing.await.unwrap();
    hearing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_take_what_it_is_sent_fills_a_buffer_and_holds_up_nobody() {
    let server = Server::start();
    let Ends { client, owner } = connected(&server).await;
    let mut pushed = 0;
    while owner.0.push(&numbered(pushed, 1 << 20)).is_ok() {
        pushed += 1;
        assert!(pushed < 100, "the buffer has no end");
    }
    assert_eq!(pushed, 32);
    drop(client);
}
