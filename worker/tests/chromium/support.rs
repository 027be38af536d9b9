//! A data directory and real browsers for tests.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use worker::browser::find::{Places, find};
use worker::browser::{Homes, Kind, LaunchOptions, Process, User, launch};

pub struct Rig {
    pub data: tempfile::TempDir,
    pub homes: Homes,
    pub options: LaunchOptions,
}

impl Rig {
    pub async fn new() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        std::fs::set_permissions(data.path(), std::fs::Permissions::from_mode(0o755)).expect("chmod");
        let homes = Homes::open(data.path()).expect("homes");
        Self { data, homes, options: options().await }
    }

    pub async fn launch(&self) -> Process {
        launch(&self.homes, &self.options).await.expect("a browser")
    }

    /// One for several sessions.
    pub async fn launch_shared(&self) -> Process {
        let options = LaunchOptions { shared: true, ..self.options.clone() };
        launch(&self.homes, &options).await.expect("a browser")
    }
}

/// The headless shell, or with `ROOKERY_TEST_CHROME=path` a full Chromium.
pub async fn options() -> LaunchOptions {
    let named = std::env::var_os("ROOKERY_TEST_CHROME").map(Into::into);
    let kind = if named.is_some() { Kind::Chrome } else { Kind::HeadlessShell };
    let places = Places { named, path: std::env::var_os("PATH"), ..Places::default() };
    let found = find(&places, kind).await.expect("a browser");
    let mut options = LaunchOptions::new(found.path);
    options.kind = found.kind;
    if User::is_needed() {
        options.user = User::named("nobody").expect("a user database");
    }
    options
}

/// Waits until `condition` holds, and fails with `what` when it does not in time.
pub async fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The living processes of a group.
pub fn members(group: i32) -> Vec<i32> {
    let mut members = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let rest: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        if rest.first() != Some(&"Z") && rest.get(2) == Some(&group.to_string().as_str()) {
            members.push(pid);
        }
    }
    members
}

pub fn assert_nothing_left(group: i32, home: &Path) {
    assert_eq!(members(group), Vec::<i32>::new(), "processes left");
    assert!(!home.exists(), "{} left", home.display());
}
