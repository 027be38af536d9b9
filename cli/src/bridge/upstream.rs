//! The socket between a bridge and an edge.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream, StreamExt};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};
use url::Url;

use super::target::Target;

/// An upgrade waits for a browser; the edge gives up after 25 s.
const CONNECT: Duration = Duration::from_secs(30);
/// An owner notices a dead edge after 6 s, and then keeps the connection for 15.
const RESUME: Duration = Duration::from_secs(22);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A socket that is open.
pub struct Upstream {
    pub sink: SplitSink<Socket, Message>,
    pub stream: SplitStream<Socket>,
    /// What the edge said as it opened it.
    pub headers: HeaderMap,
}

/// Why there is none.
#[derive(Debug)]
pub enum Refused {
    /// The edge has answered.
    Answer { status: StatusCode, headers: HeaderMap, body: Bytes },
    /// There is no edge.
    Unreachable(String),
}

/// Opens sockets to the fleet.
#[derive(Clone)]
pub struct Dialer {
    pub target: Target,
    tls: Arc<rustls::ClientConfig>,
}

impl Dialer {
    pub fn new(target: Target, tls: Arc<rustls::ClientConfig>) -> Self {
        Self { target, tls }
    }

    pub async fn dial(&self, url: &Url, token: Option<&str>) -> Result<Upstream, Refused> {
        let unreachable = |e: &dyn std::fmt::Display| Refused::Unreachable(e.to_string());
        let mut request = url.as_str().into_client_request().map_err(|e| unreachable(&e))?;
        if let Some(token) = token {
            let value =
                format!("Bearer {token}").try_into().map_err(|_| unreachable(&"the token is no text"))?;
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let connector = Connector::Rustls(self.tls.clone());
        let opening = connect_async_tls_with_config(request, Some(config), true, Some(connector));
        match timeout(CONNECT, opening).await {
            Ok(Ok((socket, response))) => {
                let (sink, stream) = socket.split();
                Ok(Upstream { sink, stream, headers: response.into_parts().0.headers })
            }
            Ok(Err(tungstenite::Error::Http(response))) => {
                let (parts, body) = response.into_parts();
                let body = Bytes::from(body.unwrap_or_default());
                Err(Refused::Answer { status: parts.status, headers: parts.headers, body })
            }
            Ok(Err(error)) => Err(unreachable(&error)),
            Err(_) => Err(unreachable(&"the edge does not answer")),
        }
    }

    /// Takes a connection up at whichever edge answers, for as long as it is kept.
    pub async fn dial_again(&self, url: &Url, token: Option<&str>) -> Result<Upstream, Refused> {
        let until = Instant::now() + RESUME;
        let mut wait = FIRST_WAIT;
        loop {
            let refused = match self.dial(url, token).await {
                Ok(upstream) => return Ok(upstream),
                Err(refused) => refused,
            };
            if refused.is_final() || Instant::now() + wait >= until {
                return Err(refused);
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

impl Refused {
    fn is_final(&self) -> bool {
        match self {
            Self::Answer { status, .. } => {
                status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unreachable(_) => false,
        }
    }
}
