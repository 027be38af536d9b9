//! The protocol of NATS, as far as noise needs it: whatever can be said, and who listens.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::SOON;

/// A client without manners.
pub struct Wire {
    stream: BufReader<TcpStream>,
    asked: u32,
}

/// A message: where it came from, and what it held. With headers they stand before the body.
#[derive(Debug)]
pub struct Message {
    pub subject: String,
    pub body: Vec<u8>,
}

impl Message {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What is behind the headers, as JSON.
    pub fn json(&self) -> Value {
        let text = self.text();
        let body = text.split_once("\r\n\r\n").map_or(text.as_str(), |(_, body)| body);
        serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {text}"))
    }
}

impl Wire {
    pub async fn connect(url: &str) -> Self {
        let address = url.trim_start_matches("nats://");
        let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
        let mut info = String::new();
        stream.read_line(&mut info).await.unwrap();
        assert!(info.starts_with("INFO"), "{info}");
        let mut wire = Self { stream, asked: 0 };
        wire.write(b"CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\nPING\r\n").await;
        wire
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    pub async fn subscribe(&mut self, subject: &str) {
        self.asked += 1;
        let line = format!("SUB {subject} {}\r\n", self.asked);
        self.write(line.as_bytes()).await;
    }

    pub async fn publish(&mut self, subject: &str, reply: &str, headers: &str, body: &[u8]) {
        let mut bytes = if headers.is_empty() {
            format!("PUB {subject} {reply} {}\r\n", body.len()).into_bytes()
        } else {
            let head = format!("NATS/1.0\r\n{headers}\r\n\r\n");
            let (head_len, all) = (head.len(), head.len() + body.len());
            format!("HPUB {subject} {reply} {head_len} {all}\r\n{head}").into_bytes()
        };
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(b"\r\n");
        self.write(&bytes).await;
    }

    /// Asks and takes the first answer.
    pub async fn ask(&mut self, subject: &str, headers: &str, body: &[u8]) -> Message {
        self.asked += 1;
        let inbox = format!("_INBOX.noise.{}", self.asked);
        self.subscribe(&inbox).await;
        self.publish(subject, &inbox, headers, body).await;
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("{subject} does not answer {body:?}"));
            if message.subject == inbox {
                return message;
            }
        }
    }

    /// The next message, if one comes soon.
    pub async fn next(&mut self) -> Option<Message> {
        self.next_within(SOON).await
    }

    pub async fn next_within(&mut self, patience: Duration) -> Option<Message> {
        timeout(patience, self.read()).await.ok()
    }

    async fn read(&mut self) -> Message {
        loop {
            let mut line = String::new();
            assert!(self.stream.read_line(&mut line).await.unwrap() > 0, "the server closed");
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["MSG" | "HMSG", subject, .., length] => {
                    let mut body = vec![0; length.parse::<usize>().unwrap() + 2];
                    self.stream.read_exact(&mut body).await.unwrap();
                    body.truncate(body.len() - 2);
                    return Message { subject: (*subject).to_owned(), body };
                }
                ["PING"] => self.write(b"PONG\r\n").await,
                ["-ERR", ..] => panic!("{line}"),
                _ => {}
            }
        }
    }

    /// What the server says to who announces a message of this size, before it closes the connection.
    pub async fn refusal(mut self, subject: &str, size: usize) -> String {
        self.write(format!("PUB {subject} {size}\r\n").as_bytes()).await;
        let mut said = String::new();
        timeout(SOON, self.stream.read_to_string(&mut said)).await.unwrap().unwrap();
        said
    }

    /// That all that was said has been taken in by the server.
    pub async fn settled(&mut self) {
        let answer = self.ask("$SYS.REQ.USER.INFO", "", b"").await;
        assert!(!answer.body.is_empty());
    }
}

/// A server that says it is of this version, and no more.
pub async fn pretender(version: &str) -> (String, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let info = format!(
        "INFO {{\"server_id\":\"S\",\"version\":\"{version}\",\"proto\":1,\"host\":\"127.0.0.1\",\"port\":4222,\
         \"headers\":true,\"max_payload\":1048576,\"jetstream\":true}}\r\n"
    );
    let serve = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let info = info.clone();
            tokio::spawn(async move {
                stream.write_all(info.as_bytes()).await?;
                let mut lines = BufReader::new(stream).lines();
                while let Some(line) = lines.next_line().await? {
                    if line.starts_with("PING") {
                        lines.get_mut().get_mut().write_all(b"PONG\r\n").await?;
                    }
                }
                std::io::Result::Ok(())
            });
        }
    };
    (url, AbortOnDropHandle::new(tokio::spawn(serve)))
}
