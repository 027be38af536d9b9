//! Files of a session: staged for uploads, and downloaded by the browser.

use std::{
    collections::BTreeMap,
    os::unix::fs::{DirBuilderExt, chown},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use bus::Bus;
use bus_schema::{
    Error,
    model::rpc::{DownloadState, FileInfo, Files, FilesReply},
};
use nix::fcntl::OFlag;

use super::{
    events::is_final,
    one::{Whose, lock},
};
use crate::{browser::User, page::Tabs};

/// The largest file that is staged or published.
const FILE_BYTES: u64 = 1 << 30;
/// Staged files that a session may have.
const MOST: usize = 1_000;

#[derive(Clone, Debug)]
struct Download {
    guid: String,
    url: String,
    size: u64,
    state: DownloadState,
    /// A client deleted it while it was under way: it is there no more but for its end, which is told.
    deleted: bool,
}

/// Knows the session's files by the names that clients use.
pub(super) struct Store {
    bus: Bus,
    uploads: PathBuf,
    downloads: PathBuf,
    /// Whom staged files must be readable for.
    user: Option<User>,
    by_name: Mutex<BTreeMap<String, Download>>,
    tabs: Tabs,
    published: AtomicU32,
}

impl Store {
    pub(super) fn new(
        bus: Bus,
        tabs: Tabs,
        uploads: PathBuf,
        downloads: PathBuf,
        user: Option<User>,
    ) -> Self {
        Self { bus, uploads, downloads, user, by_name: Mutex::default(), tabs, published: AtomicU32::new(0) }
    }

    pub(super) async fn serve(&self, whose: &Whose, request: Files) -> Result<FilesReply, Error> {
        match request {
            Files::Stage { object, name } => self.stage(whose, &object, &name).await,
            Files::Staged => self.staged().await,
            Files::Unstage { name } => {
                let path = self.uploads.join(file_name(&name)?);
                match tokio::fs::remove_file(path).await {
                    Ok(()) => self.staged().await,
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(no_file(&name)),
                    Err(e) => Err(io(&e)),
                }
            }
            Files::Downloads => Ok(FilesReply { files: self.list(), object: None }),
            Files::Publish { name } => self.publish(whose, &name).await,
            Files::DeleteDownload { name } => {
                self.delete(&name).await?;
                Ok(FilesReply { files: self.list(), object: None })
            }
        }
    }

    /// Deletes a download. One that is under way is ended first, and its end is told.
    async fn delete(&self, name: &str) -> Result<(), Error> {
        let guid = {
            let mut by_name = lock(&self.by_name);
            let Some(found) = by_name.get_mut(name).filter(|d| !d.deleted) else { return Err(no_file(name)) };
            found.deleted = true;
            let guid = found.guid.clone();
            if is_final(found.state) {
                by_name.remove(name);
                self.drop_file(&guid);
                return Ok(());
            }
            guid
        };
        self.tabs.cancel_download(&guid).await.map_err(|error| {
            if let Some(kept) = lock(&self.by_name).get_mut(name).filter(|d| d.guid == guid) {
                kept.deleted = false;
            }
            Error::unavailable(format!("the browser did not end the download: {error}"))
        })
    }

    /// What is left of a download that is listed no more.
    fn drop_file(&self, guid: &str) {
        // A file that the browser removed itself is gone as it should be.
        let _ = std::fs::remove_file(self.downloads.join(guid));
        self.tabs.release_download(guid);
    }

    /// Takes a file out of the object store. It must be this session's.
    async fn stage(&self, whose: &Whose, object: &str, name: &str) -> Result<FilesReply, Error> {
        let name = file_name(name)?;
        if !object.starts_with(&format!("{}/{}/", whose.tenant, whose.id)) {
            return Err(Error::forbidden("the object belongs to another session"));
        }
        self.make_uploads()?;
        if self.staged().await?.files.len() >= MOST {
            return Err(Error::resource_exhausted(format!("{MOST} files are staged already")));
        }
        let region = whose.id.region();
        let Some(mut found) = self.bus.artifacts().get(region, object).await? else {
            return Err(no_file(object));
        };
        if found.size > FILE_BYTES {
            return Err(Error::payload_too_large(format!("larger than {FILE_BYTES} bytes")));
        }
        let path = self.uploads.join(name);
        let mut file = tokio::fs::File::create(&path).await.map_err(|e| io(&e))?;
        tokio::io::copy(&mut found.reader, &mut file).await.map_err(|e| io(&e))?;
        file.sync_data().await.map_err(|e| io(&e))?;
        self.give(&path)?;
        // It lies here now; the store need not keep it.
        let _ = self.bus.artifacts().delete(region, object).await;
        self.staged().await
    }

    fn make_uploads(&self) -> Result<(), Error> {
        match std::fs::DirBuilder::new().mode(0o700).create(&self.uploads) {
            Ok(()) => self.give(&self.uploads),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(e) => Err(io(&e)),
        }
    }

    fn give(&self, path: &Path) -> Result<(), Error> {
        match &self.user {
            Some(user) => chown(path, Some(user.uid), Some(user.gid)).map_err(|e| io(&e)),
            None => Ok(()),
        }
    }

    async fn staged(&self) -> Result<FilesReply, Error> {
        let mut files = Vec::new();
        let mut entries = match tokio::fs::read_dir(&self.uploads).await {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(FilesReply::default()),
            Err(e) => return Err(io(&e)),
        };
        while let Some(entry) = entries.next_entry().await.map_err(|e| io(&e))? {
            let size = entry.metadata().await.map_err(|e| io(&e))?.len();
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push(FileInfo { name, size, state: None, url: None, guid: None });
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(FilesReply { files, object: None })
    }

    fn list(&self) -> Vec<FileInfo> {
        let info = |(name, d): (&String, &Download)| FileInfo {
            name: name.clone(),
            size: d.size,
            state: Some(d.state),
            url: Some(d.url.clone()),
            guid: Some(d.guid.clone()),
        };
        lock(&self.by_name).iter().filter(|(_, d)| !d.deleted).map(info).collect()
    }

    /// Notes what the browser says of a download. Says whether it begins or ends with this.
    pub(super) fn download(
        &self,
        guid: &str,
        name: &str,
        url: &str,
        received: u64,
        state: DownloadState,
    ) -> bool {
        let mut by_name = lock(&self.by_name);
        let before = by_name.get(name);
        let ends = is_final(state) && before.is_none_or(|b| !is_final(b.state));
        let told = before.is_none() || ends;
        let deleted = before.is_some_and(|b| b.deleted);
        if deleted && is_final(state) {
            by_name.remove(name);
            self.drop_file(guid);
            return told;
        }
        let download =
            Download { guid: guid.to_owned(), url: url.to_owned(), size: received, state, deleted };
        by_name.insert(name.to_owned(), download);
        told
    }

    async fn publish(&self, whose: &Whose, name: &str) -> Result<FilesReply, Error> {
        let found = lock(&self.by_name).get(name).filter(|d| !d.deleted).cloned();
        let Some(download) = found else { return Err(no_file(name)) };
        if !is_final(download.state) {
            return Err(Error::conflict("the download is not complete"));
        }
        // The browser's user owns the directory: what lies there under the name need not be what was downloaded.
        let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
        let path = self.downloads.join(&download.guid);
        let file = tokio::fs::OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open(path)
            .await
            .map_err(|e| io(&e))?;
        if !file.metadata().await.map_err(|e| io(&e))?.is_file() {
            return Err(Error::browser_error("the download is not a file"));
        }
        // For this asker alone, who removes it: another one may be reading the last.
        let n = self.published.fetch_add(1, Ordering::Relaxed);
        let object = format!("{}/{}/downloads/{}/{n}", whose.tenant, whose.id, download.guid);
        let size = self.bus.artifacts().put(whose.id.region(), &object, file, FILE_BYTES).await?;
        let info = FileInfo {
            name: name.to_owned(),
            size,
            state: Some(download.state),
            url: Some(download.url),
            guid: Some(download.guid),
        };
        Ok(FilesReply { files: vec![info], object: Some(object) })
    }

    /// Removes what is staged; downloads go with the browser's directory.
    pub(super) async fn remove(&self) {
        let _ = tokio::fs::remove_dir_all(&self.uploads).await;
    }
}

/// A name without a path in it.
fn file_name(name: &str) -> Result<&str, Error> {
    let plain = !name.is_empty()
        && name.len() <= 255
        && name != "."
        && name != ".."
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control);
    if plain {
        Ok(name)
    } else {
        Err(Error::invalid_argument("name", "a file name without a path, at most 255 bytes"))
    }
}

fn no_file(name: &str) -> Error {
    Error::not_found(format!("there is no file {name:?}"))
}

fn io(e: &std::io::Error) -> Error {
    if e.kind() == std::io::ErrorKind::StorageFull {
        return Error::resource_exhausted("the worker's disk is full");
    }
    Error::internal(format!("a file of the session: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_not_a_name() {
        for bad in ["", ".", "..", "a/b", "/etc/passwd", "a\\b", "a\0b", "a\nb"] {
            assert!(file_name(bad).is_err(), "{bad:?}");
        }
        assert_eq!(file_name("Übersicht 1.pdf").unwrap(), "Übersicht 1.pdf");
    }
}
