//! The unprivileged user that browsers run as when the worker is root.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A system user, looked up once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl User {
    /// `None` when there is no such user.
    pub fn named(name: &str) -> io::Result<Option<Self>> {
        let user = nix::unistd::User::from_name(name)?;
        Ok(user.map(|user| Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
    }

    /// The user with this number, whether or not it has a name.
    pub fn with_uid(uid: u32) -> io::Result<Self> {
        let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid))?;
        Ok(match user {
            Some(user) => Self { name: user.name, uid, gid: user.gid.as_raw() },
            None => Self { name: uid.to_string(), uid, gid: uid },
        })
    }

    /// Whether this process is root, so that browsers need a user of their own.
    pub fn is_needed() -> bool {
        nix::unistd::geteuid().is_root()
    }

    /// The first directory on the way to `path` that this user may not enter.
    pub(super) fn barrier(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        for directory in path.ancestors().skip(1) {
            if directory.as_os_str().is_empty() {
                continue;
            }
            let metadata = directory.metadata()?;
            let bit = if metadata.uid() == self.uid {
                0o100
            } else if metadata.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            if metadata.mode() & bit == 0 {
                return Ok(Some(directory.to_owned()));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_closed_directory_on_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let closed = dir.path().join("closed");
        std::fs::create_dir(&closed).unwrap();
        let stranger = User { name: "stranger".into(), uid: 4_000_000, gid: 4_000_000 };
        for (mode, barrier) in [(0o700, Some(closed.clone())), (0o711, None)] {
            std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(stranger.barrier(&closed.join("profile")).unwrap(), barrier);
        }
    }
}
