//! The one secret of a fleet: links, checkpoints and derived ids come from it, so all edges and workers share it.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::config::Secret;

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the secret of the fleet in {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} can be read by others: chmod 600 it, or remove it and lose what was derived from it", .0.display())]
    Exposed(PathBuf),
    #[error("{} holds no secret: remove it to get a new one", .0.display())]
    Empty(PathBuf),
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

/// A new random secret of 256 bits, in hexadecimal.
pub fn random() -> Result<Secret, SecretError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(SecretError::Random)?;
    Ok(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// The secret kept in the data directory; made at the first start. Two starts at once get the same one.
pub fn kept_in(data_dir: &Path) -> Result<Secret, SecretError> {
    let path = data_dir.join("secret");
    let failed = |source| SecretError::Io { path: path.clone(), source };
    match std::fs::metadata(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => make(&path)?,
        Err(error) => return Err(failed(error)),
    }
    let file = File::open(&path).map_err(failed)?;
    if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(SecretError::Exposed(path));
    }
    let text = io::read_to_string(file).map_err(failed)?;
    match text.trim() {
        "" => Err(SecretError::Empty(path)),
        secret => Ok(Secret::new(secret.to_owned())),
    }
}

fn make(path: &Path) -> Result<(), SecretError> {
    let failed = |source| SecretError::Io { path: path.to_owned(), source };
    // Written aside and linked into place: whoever is first wins, and nobody ever sees half a secret.
    let aside = path.with_extension(random()?.reveal());
    write_private(&aside, random()?.reveal().as_bytes()).map_err(failed)?;
    let linked = std::fs::hard_link(&aside, path);
    std::fs::remove_file(&aside).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a file that only its owner can read, whatever was there and whatever the umask is.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = kept_in(dir.path()).unwrap();
        assert_eq!(first.reveal().len(), 64);
        assert_eq!(kept_in(dir.path()).unwrap().reveal(), first.reveal());
        let path = dir.path().join("secret");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn one_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "swordfish").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(kept_in(dir.path()), Err(SecretError::Exposed(_))));
    }

    #[test]
    fn an_empty_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        write_private(&dir.path().join("secret"), b" \n").unwrap();
        assert!(matches!(kept_in(dir.path()), Err(SecretError::Empty(_))));
    }

    #[test]
    fn starts_at_once_agree_on_one() {
        let dir = tempfile::tempdir().unwrap();
        let secrets: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| kept_in(dir.path()).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| secret.reveal() == secrets[0].reveal()));
    }
}
