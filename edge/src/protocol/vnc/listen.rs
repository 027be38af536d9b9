//! RFB over TCP: a password says which session.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    time::Duration,
};

use bus_schema::{Error, ErrorCode};
use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use subtle::ConstantTimeEq;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};
use tracing::Instrument;

use super::{
    Guest, connection,
    door::{Door, Pass},
    finish,
    greet::Greeting,
    rfb::{
        auth::{CHALLENGE_BYTES, Challenge, response},
        handshake::{Handshake, Said, Security},
    },
    wire::{self, End, Outbox, Reader},
};
use crate::{
    app::App,
    gateway::vnc::Opened,
    metrics::metrics,
    protocol::ws::error::{self as code, shown},
};

/// After a wrong password, before it is said to be wrong.
const DELAY: Duration = Duration::from_secs(1);
/// After a connection could not be accepted, as where files run out.
const BREATH: Duration = Duration::from_millis(50);
/// How long the network may be silent before the client is asked for, and how often.
const KEEPALIVE: Duration = Duration::from_secs(20);
const PROBES: u32 = 3;

/// Accepts viewers until the gateway stops.
pub async fn serve(listener: TcpListener, app: App) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (door, stop) = (Door::default(), app.stop());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return Ok(()),
        };
        match accepted {
            Ok((stream, from)) => arrive(&app, &door, stream, from),
            Err(error) => {
                tracing::warn!(%error, "a VNC viewer could not be let in");
                sleep(BREATH).await;
            }
        }
    }
}

fn arrive(app: &App, door: &Door, stream: TcpStream, from: SocketAddr) {
    let Some(pass) = door.enter(from.ip(), std::time::Instant::now()) else {
        tracing::debug!(%from, "too many VNC handshakes are under way");
        return;
    };
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE).with_retries(PROBES);
    let set = stream.set_nodelay(true).and_then(|()| SockRef::from(&stream).set_tcp_keepalive(&keepalive));
    if let Err(error) = set {
        tracing::debug!(%error, "a VNC connection has not the options it should have");
    }
    let (reader, outbox) = wire::of_tcp(stream);
    let serving = converse(app.clone(), pass, reader, outbox, from.ip());
    tokio::spawn(app.sockets().track_future(serving));
}

async fn converse(app: App, pass: Pass, mut reader: Reader, mut outbox: Outbox, from: IpAddr) {
    metrics().socket_opened();
    let mut input = BytesMut::new();
    let stop = app.stop();
    let come_in = tokio::select! {
        guest = come_in(&app, &pass, &mut reader, &mut outbox, &mut input) => guest,
        () = stop.cancelled() => Err(End::Gone),
    };
    drop(pass);
    let end = match come_in {
        Ok(guest) => {
            let span = tracing::info_span!("vnc", session_id = %guest.id, conn = %guest.conn);
            connection::run(reader, &mut outbox, input, guest).instrument(span).await
        }
        Err(end) => {
            tracing::debug!(?end, %from, "a VNC viewer was not let in");
            end
        }
    };
    finish(outbox, end).await;
    metrics().socket_closed();
}

/// The handshake, to the password of a session.
async fn come_in(
    app: &App,
    pass: &Pass,
    reader: &mut Reader,
    outbox: &mut Outbox,
    input: &mut BytesMut,
) -> Result<Guest, End> {
    let mut challenge: Challenge = [0; CHALLENGE_BYTES];
    getrandom::fill(&mut challenge).map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    let mut greeting = Greeting::new(Handshake::new(Security::Password(challenge)), reader, outbox, input);
    if let Some(left) = pass.locked(std::time::Instant::now()) {
        let why = locked(left);
        greeting.turn_away(&why).await?;
        return Err(End::close(code::POLICY, why));
    }
    let mut named = None;
    let opened = loop {
        match greeting.next().await? {
            Said::Session(id) => named = Some(id),
            Said::Response(answer) => break judge(app, pass, named, challenge, answer).await,
            // Without an answer nobody comes so far.
            Said::Init => return Err(End::Gone),
        }
    };
    let Opened { tenant, id, access } = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let error = shown(error);
            greeting.handshake.refuse(&error.detail, greeting.outbox.buffer());
            return Err(End::close(code::close_code(error.code), error.detail));
        }
    };
    greeting.handshake.admit(greeting.outbox.buffer());
    while greeting.next().await? != Said::Init {}
    Ok(Guest::new(app, tenant, id, access, None)?)
}

/// The session that this answer opens.
async fn judge(
    app: &App,
    pass: &Pass,
    named: Option<String>,
    challenge: Challenge,
    answer: Challenge,
) -> Result<Opened, Error> {
    // Others of the same address may have been wrong meanwhile.
    if let Some(left) = pass.locked(std::time::Instant::now()) {
        return Err(Error::resource_exhausted(locked(left)));
    }
    let fits = move |password: &str| bool::from(response(password, &challenge).ct_eq(&answer));
    let begun = Instant::now();
    let opened = app.gateway().opened_by(named, fits).await;
    match &opened {
        Ok(_) => pass.was_right(),
        Err(error) if error.code == ErrorCode::Unauthenticated => {
            pass.was_wrong(std::time::Instant::now());
            tokio::time::sleep_until(begun + DELAY).await;
        }
        Err(_) => {}
    }
    opened
}

fn locked(left: Duration) -> String {
    format!("too many wrong passwords from this address; try again in {} s", left.as_secs() + 1)
}
