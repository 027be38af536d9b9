//! The worker's side of its guard.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, Command},
    sync::mpsc,
};
use tracing::{error, warn};

use super::protocol::{Hello, Message};

const BEAT: Duration = Duration::from_millis(250);
/// A guard that takes nothing for this long is stuck: it is replaced.
const STUCK: Duration = Duration::from_secs(2);

/// Tells the guard which browsers there are.
#[derive(Clone, Debug)]
pub struct GuardHandle {
    tell: Option<mpsc::UnboundedSender<Message>>,
}

impl GuardHandle {
    /// No guard: what is told goes nowhere.
    pub fn none() -> Self {
        Self { tell: None }
    }

    /// Starts the guard, and starts it again should it die.
    pub fn start(program: &Path, hello: Hello) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(keep(program.to_owned(), hello, told));
        Self { tell: Some(tell) }
    }

    pub fn added(&self, group: i32) {
        self.say(Message::Added { group });
    }

    pub fn removed(&self, group: i32) {
        self.say(Message::Removed { group });
    }

    /// The worker leaves in order.
    pub fn bye(&self) {
        self.say(Message::Bye);
    }

    fn say(&self, message: Message) {
        if let Some(tell) = &self.tell {
            // Two short messages a browser: bounded by the browsers there are.
            let _ = tell.send(message);
        }
    }
}

/// Keeps a guard alive. A new one is told all groups there are.
async fn keep(program: std::path::PathBuf, hello: Hello, mut told: mpsc::UnboundedReceiver<Message>) {
    let mut groups = std::collections::BTreeSet::new();
    loop {
        match spawn(&program) {
            Ok((child, stdin)) => {
                if talk(child, stdin, &hello, &mut told, &mut groups).await {
                    return;
                }
                warn!("the guard is gone: it is started again");
            }
            Err(e) => {
                error!(error = %e, "no guard: a killed worker would leave its browsers to the next boot")
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn spawn(program: &Path) -> std::io::Result<(Child, ChildStdin)> {
    let mut child = Command::new(program)
        .arg("guard")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        // Of its own: a Ctrl-C in the terminal is the worker's to handle.
        .process_group(0)
        .spawn()?;
    let stdin = child.stdin.take().ok_or_else(|| std::io::Error::other("no pipe to the guard"))?;
    Ok((child, stdin))
}

/// `true`: the worker has left in order.
async fn talk(
    mut child: Child,
    mut stdin: ChildStdin,
    hello: &Hello,
    told: &mut mpsc::UnboundedReceiver<Message>,
    groups: &mut std::collections::BTreeSet<i32>,
) -> bool {
    if !write(&mut stdin, hello).await {
        return false;
    }
    for group in groups.iter() {
        if !write(&mut stdin, &Message::Added { group: *group }).await {
            return false;
        }
    }
    let mut beat = tokio::time::interval(BEAT);
    loop {
        let message = tokio::select! {
            _ = beat.tick() => Message::Beat,
            message = told.recv() => message.unwrap_or(Message::Bye),
            _ = child.wait() => return false,
        };
        match &message {
            Message::Added { group } => drop(groups.insert(*group)),
            Message::Removed { group } => drop(groups.remove(group)),
            Message::Beat | Message::Bye => {}
        }
        let sent = write(&mut stdin, &message).await;
        if message == Message::Bye {
            drop(stdin);
            let _ = tokio::time::timeout(STUCK, child.wait()).await;
            return true;
        }
        if !sent {
            let _ = child.kill().await;
            return false;
        }
    }
}

async fn write<T: serde::Serialize>(stdin: &mut ChildStdin, message: &T) -> bool {
    let Ok(mut line) = serde_json::to_vec(message) else { return false };
    line.push(b'\n');
    matches!(tokio::time::timeout(STUCK, stdin.write_all(&line)).await, Ok(Ok(())))
}
