//! URLs by pattern.

/// Whether a URL is like a pattern: a glob in which `*` stands for anything but `/`, `**` for anything and `?` for
/// itself, as URLs have it; without a star, a part of the URL.
pub(super) fn matches(pattern: &str, url: &str) -> bool {
    if !pattern.contains('*') {
        return url.contains(pattern);
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let url: Vec<char> = url.chars().collect();
    // reachable[i]: the pattern so far matches the first i characters.
    let mut reachable = vec![false; url.len() + 1];
    reachable[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let stars = pattern[at..].iter().take_while(|c| **c == '*').count();
        if stars > 0 {
            for i in 0..url.len() {
                let passes = stars > 1 || url[i] != '/';
                reachable[i + 1] |= reachable[i] && passes;
            }
            at += stars;
        } else {
            for i in (0..url.len()).rev() {
                reachable[i + 1] = reachable[i] && url[i] == pattern[at];
            }
            reachable[0] = false;
            at += 1;
        }
    }
    reachable.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_parts() {
        for (pattern, url, is) in [
            ("checkout", "https://a.example/checkout?x=1", true),
            ("**/checkout*", "https://a.example/x/checkout?x=1", true),
            ("**/checkout*", "https://a.example/checkout/2", false),
            ("https://*.example/*", "https://a.example/b", true),
            ("https://*.example/*", "https://a.example/b/c", false),
            ("*", "", true),
            ("**", "https://a", true),
            ("*b", "ab", true),
            ("*b", "a/b", false),
            ("a*", "b", false),
        ] {
            assert_eq!(matches(pattern, url), is, "{pattern} {url}");
        }
    }

    #[test]
    fn a_pattern_of_stars_costs_no_more_than_its_length_times_that_of_the_url() {
        let pattern = "*a".repeat(500);
        assert!(!matches(&pattern, &"a".repeat(400)));
    }
}
