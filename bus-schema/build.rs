//! Compiles the wire form of the bus. protox reads the .proto files itself, so no protoc need be installed.

use std::{error::Error, fs, path::PathBuf};

const ROOT: &str = "proto";

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = Vec::<PathBuf>::new();
    for entry in fs::read_dir(format!("{ROOT}/rookery/v1"))? {
        files.push(entry?.path());
    }
    // The order of a directory is not that of another machine; the generated code should be the same on both.
    files.sort();
    let descriptors = protox::compile(&files, [ROOT])?;
    prost_build::Config::new()
        // Maps in order: the same message is always the same bytes.
        .btree_map(["."])
        .bytes(["."])
        // Cookies, passwords and typed text pass through these types; only the model's, which hide them, are shown.
        .skip_debug(["."])
        .compile_fds(descriptors)?;
    println!("cargo::rerun-if-changed={ROOT}");
    Ok(())
}
