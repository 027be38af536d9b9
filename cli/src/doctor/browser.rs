//! Whether there is a browser, and whether it starts in its sandbox.

use std::time::Instant;

use worker::browser::{
    Homes, Kind, LaunchOptions,
    find::{Found, find},
    launch,
};

use super::Finding;
use crate::{config::Settings, wiring};

pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    match find(&wiring::browser_places(settings, Kind::HeadlessShell), Kind::HeadlessShell).await {
        Ok(found) => {
            let text = format!("{} {} ({})", found.kind, found.version, found.path.display());
            vec![Finding::good("browser", text), sandbox(settings, &found).await, chrome(settings).await]
        }
        Err(error) => vec![Finding::missing(
            "browser",
            error.to_string(),
            "apt-get install chromium-headless-shell, or scripts/setup run in a checkout",
        )],
    }
}

/// Full Chromium is only for sessions that ask for it.
async fn chrome(settings: &Settings) -> Finding {
    match find(&wiring::browser_places(settings, Kind::Chrome), Kind::Chrome).await {
        Ok(found) => Finding::good("chrome", format!("{} ({})", found.version, found.path.display())),
        Err(_) => Finding::warning(
            "chrome",
            "none: sessions with `browser: chrome` cannot start here",
            "apt-get install chromium, or name one with --chrome",
        ),
    }
}

/// Starts a browser as a worker would; one that cannot build its sandbox ends at once.
async fn sandbox(settings: &Settings, browser: &Found) -> Finding {
    const CHECK: &str = "sandbox";
    let started = Instant::now();
    let missing = |problem: String| Finding::missing(CHECK, problem, mend(settings));
    let (homes, user) = match (Homes::open(&settings.data_dir), wiring::browser_user(settings)) {
        (Ok(homes), Ok(user)) => (homes, user),
        (Err(error), _) => return missing(format!("{}: {error}", settings.data_dir.display())),
        (_, Err(error)) => return missing(format!("{error:#}")),
    };
    let name = user.as_ref().map_or("this user", |user| user.name.as_str()).to_owned();
    let mut options = LaunchOptions::new(&browser.path);
    options.kind = browser.kind;
    options.user = user;
    match launch(&homes, &options).await {
        Ok(process) => {
            let took = started.elapsed().as_millis();
            process.close().await;
            Finding::good(CHECK, format!("works as {name}; a browser starts in {took} ms"))
        }
        Err(error) if settings.allow_no_sandbox => {
            Finding::warning(CHECK, error.to_string(), "pages are not kept from this machine: mend it")
        }
        Err(error) => missing(error.to_string()),
    }
}

fn mend(settings: &Settings) -> String {
    format!(
        "see the line above and `user namespaces` below; browsers must be able to enter {}",
        settings.data_dir.display()
    )
}
