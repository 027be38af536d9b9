//! What runs inside pages, in a world of its own: finding elements, judging whether they can be acted on,
//! reading what they show. The page's scripts can neither see nor change it.

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
    include_str!("observe.js"),
    include_str!("content.js"),
    include_str!("api.js"),
    "})()"
);

/// A function of a thunk, a source text and arguments: runs it in the page's own world and lets through only what
/// JSON can hold.
pub const EVALUATE: &str = include_str!("evaluate.js");

/// A function that makes a thunk of a source text.
pub const COMPILE: &str = include_str!("compile.js");
