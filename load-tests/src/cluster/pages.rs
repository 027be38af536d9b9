//! A web server on loopback whose pages say every 50 ms that they live.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What one page said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// When it came here.
    pub at: Instant,
    /// Which session it belongs to, as the page's address named it.
    pub session: String,
    /// Drawn anew whenever a page is loaded: so each browser that opens the page has its own.
    pub load: String,
}

/// Says nothing after it was loaded.
const QUIET: &str = "<!doctype html><title>quiet</title><h1>A quiet page</h1><p>with a line of text</p>";

/// Changes its whole colour when it is clicked.
const CLICKED: &str = r"<!doctype html><title>clicked</title><style>html{height:100%;background:#0a0}html.on{background:#a0a}</style><script>
addEventListener('mousedown', () => document.documentElement.classList.toggle('on'));
</script>";

/// Full of text, all of it redrawn 60 times a second, or as often as the last part of the address says.
const MOVING: &str = r"<!doctype html><title>moving</title><style>body{margin:0;overflow:hidden;font:12px monospace}</style>
<pre id=all></pre><script>
const all = document.getElementById('all');
const interval = 1000 / (Number(location.pathname.split('/').pop()) || Infinity);
let n = 0;
let due = 0;
(function draw() {
  requestAnimationFrame(draw);
  // On a schedule: a frame of the screen that is late must not lower the rate.
  const now = performance.now();
  if (now < due - 4) return;
  due = Math.max(due + interval, now - interval);
  n += 1;
  let text = '';
  for (let row = 0; row < 50; row += 1) text += String((n + row) * 7919 % 1e9).padStart(9, '0').repeat(19) + '\n';
  all.textContent = text;
})();
</script>";

/// Each load draws a number of its own and sends it every 50 ms, one request at a time.
const PAGE: &str = r"<!doctype html><title>beacon</title><h1>beacon</h1><script>
const load = crypto.getRandomValues(new Uint32Array(2)).join('-');
const name = location.pathname.split('/').pop();
(async () => {
  for (;;) {
    try { await fetch(`/beacon/${name}/${load}`, { cache: 'no-store' }); } catch { }
    await new Promise(done => setTimeout(done, 50));
  }
})();
</script>";

pub struct Pages {
    address: std::net::SocketAddr,
    beacons: Arc<Mutex<Vec<Beacon>>>,
    accepting: JoinHandle<()>,
}

impl Pages {
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let beacons = Arc::new(Mutex::new(Vec::new()));
        let log = beacons.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = log.clone();
                // A browser that is killed breaks its connections off; that is no concern of the server.
                tokio::spawn(async move { drop(serve(stream, &log).await) });
            }
        });
        Ok(Self { address, beacons, accepting })
    }

    /// A page whose beacons carry `name`.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/page/{name}", self.address)
    }

    /// A small page that does nothing once it is there.
    pub fn quiet_url(&self) -> String {
        format!("http://{}/quiet", self.address)
    }

    /// A page that fills 1280 × 720 with text and moves at 60 Hz.
    pub fn moving_url(&self) -> String {
        format!("http://{}/moving", self.address)
    }

    /// The same, at so many Hz.
    pub fn slower_url(&self, hz: u32) -> String {
        format!("http://{}/moving/{hz}", self.address)
    }

    /// A green page that turns magenta when it is clicked, and green again.
    pub fn clicked_url(&self) -> String {
        format!("http://{}/clicked", self.address)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Beacon>> {
        self.beacons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the page of this name has said so far, in order of arrival.
    pub fn beacons(&self, name: &str) -> Vec<Beacon> {
        self.lock().iter().filter(|beacon| beacon.session == name).cloned().collect()
    }

    /// Waits until a load that is not one of `known` has spoken; its name.
    pub async fn other_load(&self, name: &str, known: &[String]) -> anyhow::Result<String> {
        let deadline = Instant::now() + super::SOON;
        loop {
            if let Some(beacon) = self.beacons(name).into_iter().find(|beacon| !known.contains(&beacon.load))
            {
                return Ok(beacon.load);
            }
            if Instant::now() > deadline {
                anyhow::bail!("no page of {name} besides {known:?} speaks");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn html(page: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len())
}

async fn serve(stream: TcpStream, beacons: &Mutex<Vec<Beacon>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut request = String::new();
        if stream.read_line(&mut request).await? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while stream.read_line(&mut header).await? > 2 {
            header.clear();
        }
        let path = request.split(' ').nth(1).unwrap_or("/");
        let answer = match path.trim_start_matches('/').split('/').collect::<Vec<_>>()[..] {
            ["beacon", session, load] => {
                let beacon = Beacon { at: Instant::now(), session: session.into(), load: load.into() };
                beacons.lock().unwrap_or_else(PoisonError::into_inner).push(beacon);
                "HTTP/1.1 204 No Content\r\n\r\n".to_owned()
            }
            ["page", _] => html(PAGE),
            ["quiet"] => html(QUIET),
            ["clicked"] => html(CLICKED),
            ["moving"] | ["moving", _] => html(MOVING),
            _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
