//! The data directory: made if need be, and held by one `rookery up` at a time.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("the data directory {}: {source}; name another with --data-dir", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("another `rookery up` uses {}; stop it, or name another directory with --data-dir", .0.display())]
    InUse(PathBuf),
}

/// Browsers may run as another user, who has to pass through but not to look around.
const MODE: u32 = 0o711;

/// Makes the directory with its parents.
pub fn make(path: &Path) -> Result<(), DataDirError> {
    DirBuilder::new()
        .recursive(true)
        .mode(MODE)
        .create(path)
        .map_err(|source| DataDirError::Io { path: path.to_owned(), source })
}

/// Held as long as it lives; the kernel lets go of it however the process ends.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Two fleets in one directory would share a secret and overwrite each other's NATS.
pub fn hold(path: &Path) -> Result<Hold, DataDirError> {
    make(path)?;
    let failed = |source| DataDirError::Io { path: path.to_owned(), source };
    let lock = path.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(lock).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Hold(file)),
        Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let held = hold(&path).unwrap();
        assert!(matches!(hold(&path), Err(DataDirError::InUse(_))));
        drop(held);
        hold(&path).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let text = hold(Path::new("/proc/rookery")).unwrap_err().to_string();
        assert!(text.contains("/proc/rookery") && text.contains("--data-dir"), "{text}");
    }
}
