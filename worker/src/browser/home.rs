//! The directories of browsers, and who owns them.
//!
//! `<data>/browsers/<owner>/<n>/{profile,downloads,tmp}`: one `<owner>` for each worker process, marked as
//! alive by a lock on `<owner>/lock` that the kernel gives up when the worker dies, however it dies and
//! whatever becomes of its number; one `<n>` for each browser.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::user::User;

pub(super) const OWNER_LOCK: &str = "lock";

/// The directory of all browsers of one worker process. It goes when the last [`Home`] in it is gone.
#[derive(Clone, Debug)]
pub struct Homes(Arc<Owner>);

#[derive(Debug)]
struct Owner {
    path: PathBuf,
    next: AtomicU64,
    _lock: File,
}

/// `<data>/browsers`, made if need be and held against a sweep or another worker's start while the guard lives.
pub(super) fn lock_root(data: &Path) -> io::Result<(PathBuf, File)> {
    // Browsers may run as another user, who must be able to pass but not to look around.
    DirBuilder::new().recursive(true).mode(0o755).create(data)?;
    let root = data.canonicalize()?.join("browsers");
    DirBuilder::new().recursive(true).mode(0o711).create(&root)?;
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(root.join(OWNER_LOCK))?;
    lock.lock()?;
    Ok((root, lock))
}

impl Homes {
    /// Makes this process's directory under `data` and locks it. Blocks while another worker sweeps.
    pub fn open(data: &Path) -> io::Result<Self> {
        let (root, _starting) = lock_root(data)?;
        let pid = std::process::id();
        let mut number = 0;
        let path = loop {
            let path = root.join(format!("{pid}-{number}"));
            match DirBuilder::new().mode(0o711).create(&path) {
                Ok(()) => break path,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        };
        let lock = OpenOptions::new().create(true).truncate(true).write(true).open(path.join(OWNER_LOCK))?;
        lock.lock()?;
        Ok(Self(Arc::new(Owner { path, next: AtomicU64::new(1), _lock: lock })))
    }

    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Makes the directories of one browser, owned by `user` if one is given.
    pub fn make(&self, user: Option<&User>) -> io::Result<Home> {
        let path = self.0.path.join(self.0.next.fetch_add(1, Relaxed).to_string());
        DirBuilder::new().mode(0o700).create(&path)?;
        let home = Home { path, _owner: self.0.clone() };
        for part in [home.profile(), home.downloads(), home.tmp()] {
            DirBuilder::new().mode(0o700).create(&part)?;
            if let Some(user) = user {
                chown(&part, Some(user.uid), Some(user.gid))?;
            }
        }
        if let Some(user) = user {
            chown(&home.path, Some(user.uid), Some(user.gid))?;
        }
        Ok(home)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// The directories of one browser; they are removed with it.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    _owner: Arc<Owner>,
}

impl Home {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Chromium's user data directory.
    pub fn profile(&self) -> PathBuf {
        self.path.join("profile")
    }

    /// Where downloads land.
    pub fn downloads(&self) -> PathBuf {
        self.path.join("downloads")
    }

    /// What Chromium has in place of `/tmp`, shared memory files included.
    pub fn tmp(&self) -> PathBuf {
        self.path.join("tmp")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes a directory with all in it. A process that is about to die may still add files, hence the repeats.
pub(super) fn remove(path: &Path) -> bool {
    let mut outcome = Ok(());
    for _ in 0..5 {
        outcome = fs::remove_dir_all(path);
        match &outcome {
            Ok(()) => return true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return true,
            Err(_) => {}
        }
    }
    if let Err(error) = outcome {
        tracing::error!(path = %path.display(), %error, "cannot remove the directory");
    }
    false
}

/// The bytes that a directory takes on disk, without following links. Blocks.
pub(super) fn disk_usage(path: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        // Files come and go while the browser runs.
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            bytes += metadata.blocks() * 512;
            if metadata.is_dir() {
                directories.push(entry.path());
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_go_with_their_owners() {
        let data = tempfile::tempdir().unwrap();
        let homes = Homes::open(data.path()).unwrap();
        let other = Homes::open(data.path()).unwrap();
        assert_ne!(homes.path(), other.path());
        let (first, second) = (homes.make(None).unwrap(), homes.make(None).unwrap());
        fs::write(first.profile().join("Cookies"), vec![0; 100_000]).unwrap();
        assert!(disk_usage(first.path()).unwrap() >= 100_000);
        let gone = first.path().to_owned();
        drop(first);
        assert!(!gone.exists());
        let owner = homes.path().to_owned();
        drop(homes);
        assert!(second.profile().exists(), "a home keeps its owner's directory");
        drop(second);
        assert!(!owner.exists());
        assert!(other.path().exists());
    }
}
