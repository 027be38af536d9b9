//! Files between the client's machine and its session, over REST.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use axum::http::{HeaderMap, Method, Response, header};
use futures::TryStreamExt;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use serde::Deserialize;
use tokio::{
    fs::File,
    io::AsyncWriteExt,
    time::{Instant, sleep, timeout},
};
use tokio_util::io::ReaderStream;
use url::Url;

use super::{
    http::{Http, Sent, checked, nothing},
    target::Target,
};

/// How long a download may be listed later than the browser has told of it.
const LISTED: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);
/// No byte for so long, and a transfer has failed.
const STALL: Duration = Duration::from_secs(60);
/// What is read at once of a file.
const PART: usize = 256 << 10;

/// The files of one session.
#[derive(Clone)]
pub struct Files {
    pub http: Http,
    pub target: Target,
    pub token: Option<String>,
    pub session: String,
}

#[derive(Deserialize)]
struct Listing {
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    state: Option<String>,
    guid: Option<String>,
}

impl Files {
    /// Sends files to where the browser can read them, each under its own name.
    pub async fn stage(&self, paths: &[PathBuf]) -> anyhow::Result<()> {
        for (at, path) in paths.iter().enumerate() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.with_context(|| format!("{} names no file", path.display()))?;
            let twice =
                paths[..at].iter().any(|other| other != path && other.file_name() == path.file_name());
            ensure!(!twice, "two files of the same name at once: {name}");
            let file = File::open(path).await.with_context(|| path.display().to_string())?;
            let size = file.metadata().await?.len();
            let url = self.target.file(&self.session, "uploads", Some(&name));
            let parts = ReaderStream::with_capacity(file, PART).map_ok(Frame::data);
            let body = BodyExt::boxed(StreamBody::new(parts));
            let headers = HeaderMap::from_iter([(header::CONTENT_LENGTH, size.into())]);
            self.ask(Method::PUT, &url, headers, body)
                .await
                .with_context(|| format!("{name} was not staged"))?;
        }
        Ok(())
    }

    /// Fetches a download that has ended. What lies at `to` is whole.
    pub async fn fetch(&self, guid: &str, to: &Path) -> anyhow::Result<()> {
        let name = self.name_of(guid).await?;
        let url = self.target.file(&self.session, "downloads", Some(&name));
        let mut response = self.ask(Method::GET, &url, HeaderMap::new(), nothing()).await?;
        if let Some(directory) = to.parent() {
            tokio::fs::create_dir_all(directory).await?;
        }
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let mut file = File::create(&part).await?;
        while let Some(frame) = timeout(STALL, response.body_mut().frame()).await? {
            if let Ok(bytes) = frame?.into_data() {
                file.write_all(&bytes).await?;
            }
        }
        file.flush().await?;
        tokio::fs::rename(&part, to).await?;
        Ok(())
    }

    /// The name by which a download is listed. The browser may have told of its end before the list does.
    async fn name_of(&self, guid: &str) -> anyhow::Result<String> {
        let until = Instant::now() + LISTED;
        loop {
            let url = self.target.file(&self.session, "downloads", None);
            let answer = self.ask(Method::GET, &url, HeaderMap::new(), nothing()).await?;
            let list: Listing = serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?;
            let found = list.files.into_iter().find(|file| file.guid.as_deref() == Some(guid));
            match found {
                Some(file) if file.state.as_deref() == Some("completed") => return Ok(file.name),
                _ if Instant::now() >= until => bail!("the download is not listed"),
                _ => sleep(LOOK).await,
            }
        }
    }

    async fn ask(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Sent,
    ) -> anyhow::Result<Response<Incoming>> {
        checked(self.http.ask(method, url, self.token.as_deref(), headers, body).await?).await
    }
}
