//! The binary as a user meets it: help, configuration, exit codes, `doctor`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

/// The binary with no variables but PATH, in a directory without a `rookery.toml`.
fn rookery(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    let variables = std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "ROOKERY_NATS_SERVER");
    command.args(arguments).current_dir(dir).env_clear().envs(variables).env("ROOKERY_DATA_DIR", dir);
    command
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// One that browsers, running as another user, may pass through.
fn passable_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    dir
}

#[test]
fn help_and_version_are_no_mistakes() {
    let dir = passable_dir();
    for flag in ["--help", "--version"] {
        let (code, out, _) = run(&mut rookery(dir.path(), &[flag]));
        assert_eq!(code, Some(0), "{flag}");
        assert!(out.contains("rookery"), "{out}");
    }
}

#[test]
fn mistakes_end_with_64_and_say_what_is_wrong() {
    let dir = passable_dir();
    for (arguments, part) in [
        (&["up", "--slots", "many"][..], "--slots"),
        (&["up", "--slot", "1"], "--slots"),
        (&["up", "--slots", "0"], "slots: 0 is not between"),
        (&["edge"], "--nats-url is needed"),
        (&["worker"], "--nats-url is needed"),
        (&["edge", "--nats-url", "http://127.0.0.1:4222"], "nats_url: must be nats://host:port"),
        (&["worker", "--nats-url", "::::"], "nats_url: must be nats://host:port"),
        (&["up", "--nats-url", " , "], "nats_url: names no server"),
        (&["up", "--http", "0.0.0.0:0"], "set ROOKERY_TOKEN"),
        (&["up", "--config", "nowhere.toml"], "nowhere.toml"),
        (&["up", "--log-level", "a=b=c"], "log_level"),
        (&[], "Usage"),
    ] {
        let (code, _, error) = run(&mut rookery(dir.path(), arguments));
        assert_eq!(code, Some(64), "{arguments:?}: {error}");
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let dir = passable_dir();
    std::fs::write(dir.path().join("rookery.toml"), "slots = 2\npool = \"a\"\nregion = \"eu\"").unwrap();
    let mut command = rookery(dir.path(), &["up", "--print-config", "--slots", "4"]);
    let (code, out, error) = run(command.env("ROOKERY_SLOTS", "3").env("ROOKERY_POOL", "b"));
    assert_eq!(code, Some(0), "{error}");
    for line in ["slots = 4\n", "pool = \"b\"\n", "region = \"eu\"\n"] {
        assert!(out.contains(line), "{out}");
    }
}

#[test]
fn the_printed_configuration_holds_no_secret() {
    let dir = passable_dir();
    let mut command = rookery(dir.path(), &["up", "--print-config"]);
    command.env("ROOKERY_SECRET", "swordfish-1").env("ROOKERY_TOKEN", "swordfish-22222222");
    command.env("ROOKERY_NATS_URL", "nats://app:swordfish-3@127.0.0.1:4222");
    let (code, out, error) = run(&mut command);
    assert_eq!(code, Some(0), "{error}");
    assert!(!out.contains("swordfish") && out.contains("[redacted]"), "{out}");
}

#[test]
fn an_unknown_variable_is_a_warning() {
    let dir = passable_dir();
    let mut command = rookery(dir.path(), &["doctor", "--browser", "/bin/true"]);
    let (_, _, error) = run(command.env("ROOKERY_SLOT", "1"));
    assert!(error.contains("ROOKERY_SLOT is not known; did you mean ROOKERY_SLOTS?"), "{error}");
}

#[test]
fn the_doctor_starts_chromium_in_its_sandbox() {
    let dir = passable_dir();
    let arguments = ["doctor", "--json", "--http", "127.0.0.1:0"];
    let (code, out, error) = run(&mut rookery(dir.path(), &arguments));
    assert_eq!(code, Some(0), "{out}\n{error}");
    let findings: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
    for check in ["browser", "sandbox", "nats", "port", "memory", "data directory"] {
        let finding = findings.iter().find(|finding| finding["check"] == check).unwrap();
        assert_eq!(finding["verdict"], "good", "{finding}");
    }
    let left: Vec<_> = std::fs::read_dir(dir.path().join("browsers")).unwrap().collect();
    assert!(left.iter().flatten().all(|entry| entry.path().is_file()), "a browser left {left:?}");
}

#[test]
fn the_doctor_says_how_to_mend_what_is_missing() {
    let dir = passable_dir();
    let arguments = ["doctor", "--browser", "/nonexistent/browser", "--nats-server", "/bin/true"];
    let (code, out, _) = run(&mut rookery(dir.path(), &arguments));
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("MISSING  browser") && out.contains("-> apt-get install chromium-headless-shell"),
        "{out}"
    );
    assert!(out.contains("MISSING  nats") && out.contains("scripts/setup run"), "{out}");
    assert!(out.ends_with("2 things are missing.\n"), "{out}");
}
