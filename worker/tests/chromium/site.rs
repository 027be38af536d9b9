//! A small web site on loopback.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// The head of a request, as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub target: String,
    pub head: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What a page answers: extra header lines, and the body.
pub type Page = Option<(&'static str, String)>;

pub struct Site {
    pub address: SocketAddr,
    pub requests: Arc<Mutex<Vec<Request>>>,
    _server: AbortOnDropHandle<()>,
}

impl Site {
    /// Answers each request with what `pages` says: a first line `status` may stand in the header lines.
    pub async fn start(pages: impl Fn(&Request) -> Page + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (log, pages) = (requests.clone(), Arc::new(pages));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, log.clone(), pages.clone()));
            }
        });
        Self { address, requests, _server: AbortOnDropHandle::new(server) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same site under another name, which makes it another site for the browser.
    pub fn other(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.address.port())
    }

    pub fn requested(&self, path: &str) -> Vec<Request> {
        let requests = self.requests.lock().expect("a lock");
        requests.iter().filter(|request| request.target == path).cloned().collect()
    }
}

async fn serve<F>(stream: TcpStream, log: Arc<Mutex<Vec<Request>>>, pages: Arc<F>)
where
    F: Fn(&Request) -> Page,
{
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match stream.read_line(&mut head).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let target = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let request = Request { target, head };
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        log.lock().expect("a lock").push(request.clone());
        let answer = match pages(&request) {
            Some((headers, body)) => {
                let (status, headers) = match headers.strip_prefix("status ") {
                    Some(rest) => rest.split_once('\n').unwrap_or((rest, "")),
                    None => ("200 OK", headers),
                };
                let kind = if headers.contains("content-type") { "" } else { "content-type: text/html\r\n" };
                let length = body.len();
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{kind}{headers}\r\n{body}")
            }
            None => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
