//! Whether pages in every script can be read. Debian has neither CJK nor emoji until they are installed.

use tokio::process::Command;

use super::Finding;

/// A script, a language fontconfig knows it by, and the Debian package that brings it.
const SCRIPTS: [(&str, &str, &str); 3] = [
    ("fonts: latin", "en", "fonts-liberation"),
    ("fonts: cjk", "zh-cn,ja,ko", "fonts-noto-cjk"),
    ("fonts: emoji", "und-zsye", "fonts-noto-color-emoji"),
];

pub(super) async fn examine() -> Vec<Finding> {
    let mut findings = Vec::new();
    for (check, languages, package) in SCRIPTS {
        findings.push(script(check, languages, package).await);
    }
    findings
}

async fn script(check: &'static str, languages: &str, package: &str) -> Finding {
    let mut family = String::new();
    for language in languages.split(',') {
        match family_for(language).await {
            Ok(Some(found)) => family = found,
            Ok(None) => {
                let found = format!("no font for {language}: pages show boxes instead");
                return Finding::warning(check, found, format!("apt-get install {package}"));
            }
            Err(error) => {
                let found = format!("cannot be told: fc-list does not run ({error})");
                return Finding::warning(check, found, "apt-get install fontconfig");
            }
        }
    }
    Finding::good(check, family)
}

async fn family_for(language: &str) -> std::io::Result<Option<String>> {
    let output = Command::new("fc-list").arg(format!(":lang={language}")).arg("family").output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Sorted, so that the answer does not change from call to call.
    Ok(text.lines().filter_map(|line| line.split(',').next()).min().map(str::to_owned))
}
