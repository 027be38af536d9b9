//! Events are stored once, whatever becomes of the connection meanwhile.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use bus::{Bus, Options, provision::Provision, testing::Server};
use bus_schema::{
    Epoch, Region, SessionId, Tenant,
    model::event::{Event, EventType},
    stream,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

const SOON: Duration = Duration::from_secs(20);

fn contains(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|w| w == what.as_bytes())
}

/// Passes everything on, until `told` says that the connection is to be lost with the next ack of an event.
async fn pass(client: TcpStream, server: TcpStream, mut told: Option<oneshot::Receiver<()>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let outward = async { tokio::io::copy(&mut from_client, &mut to_server).await };
    let inward = async {
        let (mut loses, mut seen, mut buffer) = (false, Vec::new(), vec![0; 65_536]);
        loop {
            let n = from_server.read(&mut buffer).await?;
            loses |= told.as_mut().is_some_and(|told| told.try_recv().is_ok());
            seen.extend_from_slice(&buffer[..n]);
            // An ack names its stream; nothing else is said of that one by now.
            if n == 0 || (loses && contains(&seen, "\"EVENTS_local\"")) {
                return Ok(0);
            }
            to_client.write_all(&buffer[..n]).await?;
            if !loses {
                seen.clear();
            }
        }
    };
    // Who ends first ends both.
    let _: std::io::Result<u64> = tokio::select! { done = outward => done, done = inward => done };
}

/// A way to the server that loses the ack of one event, and the connection with it, once it is told to.
async fn proxy(server: &Server) -> (String, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let address = server.url().trim_start_matches("nats://").to_owned();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let mut told = Some(told);
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&address).await.unwrap();
            // The first one is that of commands and events.
            tokio::spawn(pass(client, server, told.take()));
        }
    });
    (url, tell)
}

/// How many events were stored by a try after the first.
fn stored_late() -> f64 {
    let all = prometheus::gather();
    let events = all.iter().filter(|family| family.name() == "rookery_events_total");
    let late = events.flat_map(|family| family.get_metric()).filter(|metric| {
        metric.get_label().iter().any(|l| (l.name(), l.value()) == ("outcome", "stored_late"))
    });
    late.map(|metric| metric.get_counter().get_value()).sum()
}

async fn logged(bus: &Bus, id: &SessionId) -> usize {
    bus.events().read(&Tenant::default(), id).await.unwrap().len()
}

#[tokio::test]
async fn an_event_whose_ack_was_lost_is_sent_again_and_stored_once() {
    let server = Server::start();
    let direct = server.bus().await;
    let (url, lose_ack) = proxy(&server).await;
    let bus = Bus::connect(&Options { url, ..server.options() }).await.unwrap();
    let id = SessionId::random(Region::default());
    let event = Event::new(EventType::Navigated, id.clone(), Epoch(1), serde_json::json!({}));
    bus.events().publish(&Tenant::default(), &event).await.unwrap();
    let deadline = Instant::now() + SOON;
    while logged(&direct, &id).await == 0 {
        assert!(Instant::now() < deadline, "the first event is not stored");
        sleep(Duration::from_millis(10)).await;
    }

    lose_ack.send(()).unwrap();
    bus.events().publish(&Tenant::default(), &event).await.unwrap();
    while stored_late() < 1.0 {
        assert!(Instant::now() < deadline, "it is not sent again");
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(logged(&direct, &id).await, 2, "said twice, stored twice, the second in spite of two tries");
}

#[tokio::test]
async fn a_stream_of_an_earlier_release_gets_the_window_and_keeps_all_else() {
    let server = Server::start();
    let bus = server.bus().await;
    let js = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let name = stream::events(bus.root(), bus.region());
    let config = async || js.get_stream(&name).await.unwrap().cached_info().config.clone();
    let made = config().await;
    assert_eq!(made.duplicate_window, stream::EVENTS_DEDUP);

    let mut earlier = made.clone();
    earlier.duplicate_window = Duration::from_secs(120);
    earlier.max_bytes = 100 << 20;
    js.update_stream(earlier.clone()).await.unwrap();
    let again = [bus.clone(), bus.clone(), bus];
    let how = Provision::default();
    let all = again.iter().map(|bus| bus.provision(&how));
    for done in timeout(SOON, futures::future::join_all(all)).await.unwrap() {
        done.unwrap();
    }
    assert_eq!(config().await.duplicate_window, stream::EVENTS_DEDUP);
    assert_eq!(config().await.max_bytes, earlier.max_bytes, "what an operator chose stands");
}
