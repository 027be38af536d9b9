//! Where browsers are: as told, on the path, or in the places where systems put them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::Kind;

/// Where to look. The caller reads the environment, so that this has no hidden input.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// What the operator named: nothing else is tried then.
    pub named: Option<PathBuf>,
    /// The search path, as in `$PATH`.
    pub path: Option<OsString>,
    /// The home directory, for what was downloaded into it.
    pub home: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The program itself, not a shell script around it.
    pub path: PathBuf,
    pub kind: Kind,
    /// For example `156.0.8078.79`.
    pub version: String,
}

#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error(
        "no {kind} found on the path or in the usual places; install chromium-headless-shell (Debian) or run `npx @puppeteer/browsers install {package}@stable`, or name one with --browser"
    )]
    NotFound { kind: Kind, package: &'static str },
    #[error("{} is not a browser that runs here: {reason}; name another with --browser", path.display())]
    Unusable { path: PathBuf, reason: String },
}

const SHELL_NAMES: &[&str] = &["chromium-headless-shell", "chrome-headless-shell", "headless_shell"];
const CHROME_NAMES: &[&str] =
    &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

const SHELL_PLACES: &[&str] = &[
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/lib64/chromium-browser/headless_shell",
    "/opt/chrome-headless-shell/chrome-headless-shell",
    "/opt/homebrew/bin/chrome-headless-shell",
    "/usr/local/bin/chrome-headless-shell",
];
const CHROME_PLACES: &[&str] = &[
    "/usr/lib/chromium/chromium",
    "/usr/lib/chromium-browser/chromium-browser",
    "/usr/lib64/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// Where distributions keep the program behind a script of the same name on the path.
const LIBRARY_DIRECTORIES: &[&str] =
    &["/usr/lib/chromium", "/usr/lib/chromium-browser", "/usr/lib64/chromium-browser", "/usr/lib64/chromium"];

/// Finds a browser of the wanted kind and reads its version.
pub async fn find(places: &Places, kind: Kind) -> Result<Found, FindError> {
    if let Some(named) = &places.named {
        return examine(named, kind).await;
    }
    for candidate in candidates(places, kind) {
        match examine(&candidate, kind).await {
            Ok(found) => return Ok(found),
            Err(error) => tracing::debug!(%error, "passed over"),
        }
    }
    let package = match kind {
        Kind::HeadlessShell => "chrome-headless-shell",
        Kind::Chrome => "chrome",
    };
    Err(FindError::NotFound { kind, package })
}

fn candidates(places: &Places, kind: Kind) -> Vec<PathBuf> {
    let (names, fixed) = match kind {
        Kind::HeadlessShell => (SHELL_NAMES, SHELL_PLACES),
        Kind::Chrome => (CHROME_NAMES, CHROME_PLACES),
    };
    let mut candidates = Vec::new();
    if let Some(path) = &places.path {
        for name in names {
            candidates.extend(std::env::split_paths(path).map(|directory| directory.join(name)));
        }
    }
    candidates.extend(fixed.iter().map(PathBuf::from));
    if let Some(home) = &places.home {
        candidates.extend(downloaded(home, kind));
    }
    candidates.retain(|candidate| candidate.is_file());
    candidates
}

/// What puppeteer and Playwright have downloaded, the newest first.
fn downloaded(home: &Path, kind: Kind) -> Vec<PathBuf> {
    let (caches, programs): (&[&str], &[&str]) = match kind {
        Kind::HeadlessShell => (
            &[
                ".cache/puppeteer/chrome-headless-shell",
                ".cache/ms-playwright",
                "Library/Caches/ms-playwright",
            ],
            &["chrome-headless-shell", "headless_shell"],
        ),
        Kind::Chrome => (
            &[".cache/puppeteer/chrome", ".cache/ms-playwright", "Library/Caches/ms-playwright"],
            &["chrome", "Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing"],
        ),
    };
    let mut found = Vec::new();
    for cache in caches {
        let mut versions = subdirectories(&home.join(cache));
        versions.sort_by_key(|path| std::cmp::Reverse(numbers(path)));
        for directory in versions.iter().flat_map(|version| subdirectories(version)) {
            found.extend(programs.iter().map(|program| directory.join(program)));
        }
    }
    found
}

fn subdirectories(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// The numbers in a directory's name, so that 9 sorts before 10.
fn numbers(path: &Path) -> Vec<u64> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

async fn examine(path: &Path, wanted: Kind) -> Result<Found, FindError> {
    let unusable = |reason: String| FindError::Unusable { path: path.to_owned(), reason };
    let program = behind_script(&path.canonicalize().map_err(|error| unusable(error.to_string()))?);
    let asked = tokio::process::Command::new(&program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = match tokio::time::timeout(Duration::from_secs(10), asked).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(unusable(error.to_string())),
        Err(_) => return Err(unusable("it does not tell its version".into())),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text
        .split_whitespace()
        .find(|word| word.split('.').count() == 4 && word.starts_with(|c: char| c.is_ascii_digit()))
        .ok_or_else(|| unusable(format!("it says {:?} for its version", text.trim())))?;
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let kind = match name.contains("headless") {
        true => Kind::HeadlessShell,
        // A renamed program is what the caller takes it for.
        false if CHROME_NAMES.contains(&name.as_ref()) || name.contains("Chrom") => Kind::Chrome,
        false => wanted,
    };
    Ok(Found { path: program, kind, version: version.to_owned() })
}

/// Debian starts browsers from shell scripts that stay in between: the program would not be the worker's
/// child, and neither die with it nor report its end.
fn behind_script(path: &Path) -> PathBuf {
    let is_script = fs::File::open(path).is_ok_and(|mut file| {
        let mut magic = [0; 2];
        std::io::Read::read_exact(&mut file, &mut magic).is_ok() && &magic == b"#!"
    });
    if is_script && let Some(name) = path.file_name() {
        let program =
            LIBRARY_DIRECTORIES.iter().map(|library| Path::new(library).join(name)).find(|p| p.is_file());
        return program.unwrap_or_else(|| path.to_owned());
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_named_must_be_a_browser() {
        for (path, reason) in [("/nonexistent/browser", "No such file"), ("/bin/true", "for its version")] {
            let places = Places { named: Some(path.into()), ..Places::default() };
            let error = find(&places, Kind::HeadlessShell).await.unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("--browser"), "{error}");
        }
    }

    #[test]
    fn the_newest_download_comes_first() {
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join(".cache/puppeteer/chrome-headless-shell");
        for version in ["linux-99.0.1.2", "linux-156.0.8078.79"] {
            let directory = cache.join(version).join("chrome-headless-shell-linux64");
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("chrome-headless-shell"), "").unwrap();
        }
        let places = Places { home: Some(home.path().to_owned()), ..Places::default() };
        let mine: Vec<_> = candidates(&places, Kind::HeadlessShell)
            .into_iter()
            .filter(|candidate| candidate.starts_with(home.path()))
            .collect();
        assert_eq!(mine.len(), 2);
        assert!(mine[0].to_string_lossy().contains("156"));
    }
}
