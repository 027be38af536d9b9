//! What runs inside pages, in a world of its own: finding elements, judging whether they can be acted on,
//! reading what they show. The page's scripts can neither see nor change it.

use std::sync::LazyLock;

/// An expression whose value is the object that commands call.
pub const SOURCE: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("dom.js"),
    include_str!("refs.js"),
    include_str!("role.js"),
    include_str!("name.js"),
    include_str!("query.js"),
    include_str!("ready.js"),
    include_str!("form.js"),
    include_str!("told.js"),
    include_str!("observe.js"),
    include_str!("content.js"),
    include_str!("cursor.js"),
    include_str!("api.js"),
    "})()"
);

/// A function of a value, the source text it came from and arguments: lets through only what JSON can hold.
pub static CHECK: LazyLock<String> = LazyLock::new(|| lean(include_str!("evaluate.js")));

/// A function of a value, or of one that is awaited: what may be sent as it is, or an object.
pub static HOLD: LazyLock<String> = LazyLock::new(|| lean(include_str!("hold.js")));

/// A function of a source text, arguments and [`HOLD`]: runs the source in the page's own world.
pub static RUN: LazyLock<String> = LazyLock::new(|| lean(include_str!("run.js")));

/// A function of what the navigator of a worker says, by name.
pub static NAVIGATOR: LazyLock<String> = LazyLock::new(|| lean(include_str!("navigator.js")));

/// A function of a channel's and a binding's name: the session's clipboard in one document, for a world of its own.
pub static CLIPBOARD: LazyLock<String> = LazyLock::new(|| {
    let parts = [include_str!("paste_html.js"), include_str!("selection.js"), include_str!("clipboard.js")];
    format!("((channel, binding) => {{\n'use strict';\n{}\n}})", parts.map(lean).join("\n"))
});

/// A function of a channel's name: `navigator.clipboard` as the page's own scripts find it.
pub static CLIPBOARD_API: LazyLock<String> = LazyLock::new(|| lean(include_str!("clipboard_api.js")));

/// What is sent with each script goes without comments and indentation.
fn lean(file: &str) -> String {
    let lines = file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_one_expression() {
        for code in [&*CHECK, &*HOLD, &*RUN, &*NAVIGATOR, &*CLIPBOARD, &*CLIPBOARD_API] {
            assert!(code.starts_with('(') && code.ends_with(')'), "{code}");
            assert!(!code.contains("\n//"), "{code}");
        }
    }
}
