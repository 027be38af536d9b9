//! A program of Node.js that is asked with lines of JSON and answers with lines of JSON.

use std::{path::PathBuf, process::Stdio};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// What is asked takes a chain of steps at most; a program that is silent for longer hangs.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(120);

pub struct Node {
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Node {
    /// A program among the clients of the tests, with Puppeteer and Playwright at the same versions.
    pub fn start(program: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let directory: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "..", "cli", "tests", "clients"].iter().collect();
        if !directory.join("node_modules/.installed").is_file() {
            bail!(
                "Puppeteer and Playwright are not installed: run scripts/setup bench, which needs Node.js >= 20"
            );
        }
        let mut child = Command::new("node")
            .arg(program)
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("node cannot be started")?;
        let (stdin, stdout) = child.stdin.take().zip(child.stdout.take()).context("no pipes to node")?;
        Ok(Self { stdin, stdout: BufReader::new(stdout).lines(), _child: child })
    }

    /// The answer, unless that has an `error`.
    pub async fn ask(&mut self, question: &Value) -> anyhow::Result<Value> {
        self.stdin.write_all(format!("{question}\n").as_bytes()).await?;
        let answer = timeout(ANSWER, self.stdout.next_line()).await;
        let answer = answer.with_context(|| format!("no answer to {question}"))??;
        let answer: Value = serde_json::from_str(&answer.context("the program of Node.js ended")?)?;
        match answer["error"].as_str() {
            Some(error) => bail!("{question}: {error}"),
            None => Ok(answer),
        }
    }
}
