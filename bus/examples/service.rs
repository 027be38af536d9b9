//! A service that asks for a session, drives it and follows its events over NATS, as a user who may do no more than that.
//!
//! ```sh
//! cargo run --package bus --example service -- nats://service_default:$NATS_SERVICE_PASSWORD@127.0.0.1:4222
//! ```

use std::time::Duration;

use bus::{
    Options,
    service::{Service, Session},
};
use bus_schema::{
    Error, Tenant,
    model::{command::CommandRequest, create::CreateSession, event::EventType},
};
use serde_json::{Value, json};

const PAGE: &str =
    "data:text/html,<title>hi</title><button onclick=\"document.title='clicked'\">Press</button>";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "nats://127.0.0.1:4222".into());
    let service = Service::connect(&Options::new(url), Tenant::default()).await?;

    let spec: CreateSession = serde_json::from_value(json!({ "url": PAGE, "idle_timeout_s": 60 }))?;
    let mut session = service.request(spec).await?;
    let shown = session.ready(Duration::from_secs(60)).await?;
    println!("ready {} after {} ms", shown.id, shown.timings.start_ms);

    run(&session, json!({ "action": "click", "target": { "text": "Press" } })).await?;
    let title = run(&session, json!({ "action": "evaluate", "expression": "document.title" })).await?;
    println!("title {title}");

    let picture = CommandRequest::from_json(br#"{"action": "screenshot", "format": "png"}"#)?;
    let (_, picture) = session.run(picture).await?;
    println!("picture {} bytes", picture.map_or(0, |picture| picture.bytes.len()));

    session.end().await?;
    while let Some(event) = session.event().await {
        println!("event {} {}", event.kind.as_str(), event.data);
        if event.kind == EventType::Ended {
            break;
        }
    }
    Ok(())
}

/// The `value` of what a command gives back.
async fn run(session: &Session, command: Value) -> Result<Value, Error> {
    let command = CommandRequest::from_json(command.to_string().as_bytes())?;
    let (answer, _) = session.run(command).await?;
    let result: Value = serde_json::from_str(answer.result.get()).unwrap_or_default();
    Ok(result["value"].clone())
}
