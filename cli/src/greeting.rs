//! What `rookery up` says when it is ready: every address one can open, and the picture of a first session.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::bail;
use edge::config::Protocol;
use tokio::time::sleep;

use crate::{
    config::{Secret, Settings},
    first_session::{self, Shown},
};

/// A first browser start on a busy machine is in this.
const READY_WITHIN: Duration = Duration::from_secs(60);

pub struct Greeting {
    begun: Instant,
    first_session: bool,
    base: String,
    /// What is spoken at ports of its own, and where.
    ports: Vec<(&'static str, String)>,
    is_tls: bool,
    token: Option<Secret>,
    data_dir: PathBuf,
}

impl Greeting {
    pub fn new(settings: &Settings, edge: &edge::Server, begun: Instant, first_session: bool) -> Self {
        let token =
            settings.token.iter().chain(settings.tenant.iter().flat_map(|tenant| &tenant.tokens)).next();
        let is_tls = settings.tls_cert.is_some();
        Self {
            begun,
            first_session,
            base: base("http", edge.local_addr(), is_tls),
            ports: [
                ("CDP", "ws", Protocol::Cdp, is_tls),
                ("WayPoint", "ws", Protocol::Tzafonwright, is_tls),
                ("VNC", "vnc", Protocol::Vnc, false),
            ]
            .into_iter()
            .filter_map(|(name, scheme, of, is_tls)| Some((name, base(scheme, edge.port(of)?, is_tls))))
            .collect(),
            is_tls,
            token: token.cloned(),
            data_dir: settings.data_dir.clone(),
        }
    }

    /// Waits until the fleet is ready, then says so. What fails here is told and harms nothing.
    pub async fn say(self) {
        match self.ready().await {
            Ok(()) => print(&self.addresses()),
            Err(error) => return print(&format!("\nRookery failed to get ready: {error:#}\n\n")),
        }
        if self.first_session && self.is_tls {
            print("  The first session is left out: it speaks plain HTTP, and this edge HTTPS.\n\n");
        } else if self.first_session {
            self.show().await;
        }
    }

    async fn show(&self) {
        print("  Driving a first session on the demo page …\n");
        let token = self.token.as_ref().map(Secret::reveal);
        match first_session::show(&self.base, token, &self.data_dir).await {
            Ok(shown) => print(&self.picture(&shown)),
            Err(error) => print(&format!("  The first session failed: {error:#}\n\n")),
        }
    }

    async fn ready(&self) -> anyhow::Result<()> {
        if self.is_tls {
            // Its certificate is for other names than loopback; that it listens has to do.
            return Ok(());
        }
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let answer = http.get(format!("{}/readyz", self.base)).send().await;
            let last = match answer {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                bail!("not ready after {} s: {last}", READY_WITHIN.as_secs());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn addresses(&self) -> String {
        let mut text = format!("\nRookery is ready after {:.1} s.\n\n", self.begun.elapsed().as_secs_f32());
        for (name, path) in [
            ("Sessions", "/v1/sessions"),
            ("API docs", "/docs"),
            ("OpenAPI", "/openapi.json"),
            ("Demo page", "/demo"),
            ("Workers", "/v1/workers"),
            ("Queue", "/v1/queue"),
            ("Pressure", "/v1/pressure"),
            ("Health", "/healthz"),
            ("Readiness", "/readyz"),
            ("Metrics", "/metrics"),
        ] {
            let _ = writeln!(text, "  {name:<10} {}{path}", self.base);
        }
        for (name, address) in &self.ports {
            let _ = writeln!(text, "  {name:<10} {address}");
        }
        text += match self.token {
            Some(_) => "\n  Send your token: Authorization: Bearer …\n",
            None => "\n  Only this machine can reach it, and no token is asked for.\n",
        };
        text + "  Ctrl-C ends it in order, a second Ctrl-C at once.\n\n"
    }

    fn picture(&self, shown: &Shown) -> String {
        let Shown { id, picture, took } = shown;
        let session = format!("{}/v1/sessions/{id}", self.base);
        let token = self.token.as_ref().map_or("", |_| " -H \"Authorization: Bearer $TOKEN\"");
        format!(
            "  Done in {:.1} s. Its picture: {}\n\n  Go on with it while it is there:\n    curl{token} '{session}/content?format=markdown'\n    curl{token} {session}/commands -H 'content-type: application/json' \\\n      -d '{{\"action\": \"click\", \"target\": {{\"text\": \"Second page\"}}}}'\n\n",
            took.as_secs_f32(),
            picture.display(),
        )
    }
}

/// Whoever pipes this into something that has gone loses nothing but the text.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        tracing::debug!(%error, "nobody reads what is printed");
    }
}

/// An address to open: one listened on for all interfaces is reached by loopback.
fn base(scheme: &str, listening: SocketAddr, is_tls: bool) -> String {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    let s = if is_tls { "s" } else { "" };
    format!("{scheme}{s}://{}", SocketAddr::new(ip, listening.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listened_on_becomes_an_address_to_open() {
        for (listening, tls, expected) in [
            ("127.0.0.1:8080", false, "http://127.0.0.1:8080"),
            ("0.0.0.0:80", true, "https://127.0.0.1:80"),
            ("[::]:8080", false, "http://[::1]:8080"),
            ("192.0.2.1:8080", false, "http://192.0.2.1:8080"),
        ] {
            assert_eq!(base("http", listening.parse().unwrap(), tls), expected);
        }
    }
}
