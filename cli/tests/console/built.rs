//! The console as it is built from the checkout, which a debug build of the binary serves.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::SystemTime,
};

fn directory() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "edge", "ui"].iter().collect()
}

/// Builds it where it is older than what it is built from, once for all tests, whichever process is first.
pub async fn console() {
    tokio::task::spawn_blocking(|| {
        let lock =
            std::fs::File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("console.lock")).unwrap();
        lock.lock().unwrap();
        let built = changed(&directory().join("dist/console/index.html"));
        let sources =
            newest(&directory().join("console")).max(changed(&directory().join("package-lock.json")));
        if built < sources {
            build();
        }
    })
    .await
    .unwrap();
}

fn build() {
    if !directory().join("node_modules").exists() {
        run("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    }
    run("npx", &["vite", "build", "--config", "console/vite.config.ts"]);
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{program} cannot be started ({e}): run scripts/setup test"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

/// When the file was changed, `None` where there is none.
fn changed(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|file| file.modified()).ok()
}

/// The latest change of a file in it, however deep.
fn newest(directory: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(directory).unwrap().flatten();
    entries.filter_map(|e| if e.path().is_dir() { newest(&e.path()) } else { changed(&e.path()) }).max()
}
