//! Command-line arguments that a session may bring along.

use bus_schema::model::args;

/// An argument from the closed list. The edge has refused others already; a request that came by another way is
/// judged here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arg(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", args::refusal(.0))]
pub struct ArgError(pub String);

impl Arg {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A browser has one clipboard for all its contexts. These keep every page of a shared one from reading it, whatever
/// the sessions' own arguments say: by a middle click, by `execCommand('paste')`, or past the web's own rules.
const SHARED: &[(&str, &str)] = &[
    (
        "--blink-settings",
        "middleClickPasteAllowed=false,DOMPasteAllowed=false,javaScriptCanAccessClipboard=false",
    ),
    ("--disable-blink-features", "MojoJS,MojoJSTest"),
];

/// The arguments of a browser that several sessions share. Of one given twice Chromium takes the last.
pub(super) fn for_sharing(args: &[Arg]) -> Vec<String> {
    let mut all: Vec<String> = args.iter().map(|arg| arg.0.clone()).collect();
    for (name, ours) in SHARED {
        let theirs = all.iter().rev().find_map(|arg| arg.strip_prefix(name)?.strip_prefix('='));
        // Within one value the last setting counts.
        let value = theirs.map_or_else(|| (*ours).to_owned(), |theirs| format!("{theirs},{ours}"));
        all.push(format!("{name}={value}"));
    }
    all
}

impl std::str::FromStr for Arg {
    type Err = ArgError;

    fn from_str(text: &str) -> Result<Self, ArgError> {
        if args::is_allowed(text) { Ok(Self(text.to_owned())) } else { Err(ArgError(text.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shared_browser_must_have_stands_last() {
        let args =
            ["--lang=de", "--blink-settings=DOMPasteAllowed=true"].map(|arg| arg.parse::<Arg>().unwrap());
        assert_eq!(
            for_sharing(&args),
            [
                "--lang=de",
                "--blink-settings=DOMPasteAllowed=true",
                "--blink-settings=DOMPasteAllowed=true,middleClickPasteAllowed=false,DOMPasteAllowed=false,\
                 javaScriptCanAccessClipboard=false",
                "--disable-blink-features=MojoJS,MojoJSTest",
            ]
        );
    }
}
