//! Says that the pages in `ui/dist` are part of this crate.

fn main() {
    println!("cargo::rerun-if-changed=ui/dist");
}
