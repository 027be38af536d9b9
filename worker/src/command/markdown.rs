//! Pages as Markdown.

use dom_smoothie::{Config, Readability};
use htmd::HtmlToMarkdown;
use serde::Deserialize;

/// What the page's script tells of a document.
#[derive(Debug, Deserialize)]
pub(super) struct Readable {
    /// As it is shown: hidden parts left out, shadow roots flattened, addresses absolute.
    html: String,
    /// Its plain text.
    text: String,
    url: String,
    title: String,
}

/// An article that has less of the page's text than this is not what the page is about.
const ENOUGH: f64 = 0.35;

/// Nothing deeper is parsed as a tree: a page made to be deep must not cost the worker its stack.
const DEEPEST: usize = 400;

/// The main document and those of its frames.
pub(super) fn of_pages(pages: &[Readable]) -> String {
    let parts: Vec<String> = pages.iter().map(of_page).filter(|part| !part.is_empty()).collect();
    parts.join("\n\n---\n\n")
}

fn of_page(page: &Readable) -> String {
    let text = page.text.trim();
    if depth(&page.html) > DEEPEST {
        return text.to_owned();
    }
    if let Some(article) = article(page) {
        return article;
    }
    let whole = convert(&page.html);
    // Where the conversion lost the text there is still the text.
    if whole.is_empty() { text.to_owned() } else { whole }
}

/// The article of the page, if it is mostly that.
fn article(page: &Readable) -> Option<String> {
    let config = Config { max_elements_to_parse: 50_000, ..Config::default() };
    let url = url::Url::parse(&page.url).ok().filter(url::Url::has_host).map(String::from);
    let mut reader = Readability::new(page.html.as_str(), url.as_deref(), Some(config)).ok()?;
    if !reader.is_probably_readable() {
        return None;
    }
    let article = reader.parse().ok()?;
    let (kept, all) = (letters(&article.text_content), letters(&page.text));
    if (kept as f64) < (all as f64) * ENOUGH {
        return None;
    }
    let body = convert(&article.content);
    if body.is_empty() {
        return None;
    }
    let title = if article.title.trim().is_empty() { page.title.trim() } else { article.title.trim() };
    let has_title =
        title.is_empty() || body.lines().take(3).any(|line| line.starts_with('#') && line.contains(title));
    Some(if has_title { body } else { format!("# {title}\n\n{body}") })
}

fn convert(html: &str) -> String {
    let converter =
        HtmlToMarkdown::builder().skip_tags(vec!["head", "script", "style", "noscript", "svg"]).build();
    let text = converter.convert(html).unwrap_or_default();
    // Three empty lines say no more than one.
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        if !(line.is_empty() && lines.last().is_some_and(|last| last.is_empty())) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// How deep elements stand in each other, roughly.
fn depth(html: &str) -> usize {
    const VOID: [&str; 14] = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
        "!doctype",
    ];
    let (mut depth, mut deepest) = (0usize, 0usize);
    for tag in html.split('<').skip(1) {
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
            continue;
        }
        let name = tag.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default();
        if !VOID.iter().any(|void| name.eq_ignore_ascii_case(void)) {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(html: &str, text: &str) -> Readable {
        let (url, title) = ("https://example.com/a".to_owned(), "Title".to_owned());
        Readable {
            html: format!("<!DOCTYPE html><html><head><title>Title</title></head><body>{html}</body></html>"),
            text: text.to_owned(),
            url,
            title,
        }
    }

    #[test]
    fn a_page_that_is_no_article_comes_whole() {
        let shown = of_pages(&[page(
            "<h1>Log in</h1><p>Name <input></p><a href=\"https://x/y\">Help</a>",
            "Log in Name Help",
        )]);
        assert!(shown.contains("# Log in"), "{shown}");
        assert!(shown.contains("[Help](https://x/y)"), "{shown}");
    }

    #[test]
    fn an_article_comes_without_what_stands_around_it() {
        let paragraph = "The rook is a gregarious bird of the crow family, and it nests in the tops of tall trees, \
            close to its neighbours, so that a colony of them is called a rookery. ";
        let html = format!(
            "<nav><a href=\"/\">Home</a><a href=\"/b\">Blog</a></nav><article><h1>Rooks</h1>{}</article>",
            format!("<p>{}</p>", paragraph.repeat(3)).repeat(6)
        );
        let text = paragraph.repeat(18);
        let shown = of_pages(&[page(&html, &text)]);
        assert!(shown.contains("gregarious"), "{shown}");
        assert!(!shown.contains("Blog"), "{shown}");
    }

    #[test]
    fn text_is_never_lost() {
        assert_eq!(of_pages(&[page("<svg><text>drawn</text></svg>", "drawn")]), "drawn");
        let deep = format!("{}deep{}", "<div>".repeat(5_000), "</div>".repeat(5_000));
        assert_eq!(of_pages(&[page(&deep, "deep")]), "deep");
        assert_eq!(of_pages(&[page("", "")]), "");
    }

    #[test]
    fn frames_follow_the_page() {
        assert_eq!(of_pages(&[page("<p>a</p>", "a"), page("<p>b</p>", "b")]), "a\n\n---\n\nb");
    }
}
