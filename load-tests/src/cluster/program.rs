//! Where the binary under test is.

use std::path::PathBuf;

/// Cargo tells tests of other packages nothing of this binary; it lies beside them all the same.
#[derive(Debug)]
pub struct Missing(PathBuf);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "there is no {}: tests of the whole workspace build it; for this crate alone run `cargo build --package cli` first",
            self.0.display()
        )
    }
}

impl std::error::Error for Missing {}

/// `target/<profile>/rookery`, found from the running executable: tests run from `target/<profile>/deps`, binaries
/// from `target/<profile>`.
pub fn rookery() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let directories = own.ancestors().skip(1).take(2);
    let candidates: Vec<_> = directories.map(|directory| directory.join("rookery")).collect();
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(Missing(candidates.into_iter().next_back().unwrap_or(own)).into()),
    }
}
