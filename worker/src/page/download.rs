//! The downloads of a session, by the names under which clients know them.

use std::collections::{HashMap, HashSet};

use bus_schema::model::rpc::DownloadState;

use super::event::Event;
use super::input::{DownloadBegins, DownloadMoves};

/// Downloads that a session may have. What comes beyond is neither told nor listed.
const MOST: usize = 1_000;

#[derive(Debug)]
struct UnderWay {
    n: Option<u32>,
    context: Option<String>,
    url: String,
}

#[derive(Debug, Default)]
pub struct Downloads {
    under_way: HashMap<String, UnderWay>,
    /// The name of each by the browser's id for it, from its beginning until it is released.
    names: HashMap<String, String>,
    taken: HashSet<String>,
}

impl Downloads {
    /// The name under which a download is listed.
    pub fn name(&self, guid: &str) -> Option<&str> {
        self.names.get(guid).map(String::as_str)
    }

    /// The context that one under way began in, where it is not the session's own. `None`: there is no such download.
    pub fn context(&self, guid: &str) -> Option<Option<String>> {
        self.under_way.get(guid).map(|download| download.context.clone())
    }

    pub fn begins(
        &mut self,
        n: Option<u32>,
        context: Option<String>,
        download: DownloadBegins,
    ) -> Option<Event> {
        if self.names.len() >= MOST {
            return None;
        }
        let DownloadBegins { guid, url, suggested_filename, .. } = download;
        let name = free_name(&suggested_filename, &self.taken);
        self.taken.insert(name.clone());
        self.names.insert(guid.clone(), name.clone());
        self.under_way.insert(guid.clone(), UnderWay { n, context, url: url.clone() });
        let state = DownloadState::InProgress;
        Some(Event::Download { guid, n, url, name, received: 0, total: None, state })
    }

    pub fn moves(&mut self, moved: &DownloadMoves) -> Option<Event> {
        let state = match moved.state.as_str() {
            "completed" => DownloadState::Completed,
            "canceled" => DownloadState::Canceled,
            _ => DownloadState::InProgress,
        };
        // One that is not known is of another browser context, or has ended.
        let name = self.names.get(&moved.guid)?.clone();
        let (n, url) = match state {
            DownloadState::InProgress => {
                let download = self.under_way.get(&moved.guid)?;
                (download.n, download.url.clone())
            }
            DownloadState::Completed | DownloadState::Canceled => {
                let download = self.under_way.remove(&moved.guid)?;
                (download.n, download.url)
            }
        };
        let total = (moved.total_bytes > 0.0).then_some(moved.total_bytes as u64);
        let (guid, received) = (moved.guid.clone(), moved.received_bytes as u64);
        Some(Event::Download { guid, n, url, name, received, total, state })
    }

    /// A download is listed no more: its name is free for the next one.
    pub fn release(&mut self, guid: &str) {
        self.under_way.remove(guid);
        if let Some(name) = self.names.remove(guid) {
            self.taken.remove(&name);
        }
    }
}

/// The site's own name for the file, made plain, and told from others by a number.
fn free_name(suggested: &str, taken: &HashSet<String>) -> String {
    let plain: String = suggested
        .chars()
        .map(|c| if c.is_control() || c == '/' || c == '\\' { '_' } else { c })
        .take(120)
        .collect();
    let plain = if plain.trim_matches(['.', ' ']).is_empty() { "download".to_owned() } else { plain };
    if !taken.contains(&plain) {
        return plain;
    }
    let (stem, end) = match plain.rfind('.').filter(|at| *at > 0) {
        Some(at) => plain.split_at(at),
        None => (plain.as_str(), ""),
    };
    let mut n = 1;
    loop {
        let name = format!("{stem} ({n}){end}");
        if !taken.contains(&name) {
            return name;
        }
        n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(downloads: &mut Downloads, guid: &str, suggested: &str) -> Option<String> {
        let begins = DownloadBegins {
            guid: guid.into(),
            url: "http://site/f".into(),
            suggested_filename: suggested.into(),
            frame_id: "F".into(),
        };
        let event = downloads.begins(Some(1), None, begins)?;
        let Event::Download { name, .. } = event else { panic!("{event:?}") };
        Some(name)
    }

    #[test]
    fn names_from_outside_are_made_plain_and_unique() {
        let mut downloads = Downloads::default();
        let mut take = |suggested: &str| {
            let guid = format!("{}", downloads.names.len());
            begin(&mut downloads, &guid, suggested).unwrap()
        };
        assert_eq!(take("report.pdf"), "report.pdf");
        assert_eq!(take("report.pdf"), "report (1).pdf");
        assert_eq!(take("report.pdf"), "report (2).pdf");
        assert_eq!(take("../../etc/passwd"), ".._.._etc_passwd");
        assert_eq!(take(""), "download");
        assert_eq!(take(".."), "download (1)");
        assert_eq!(downloads.name("1"), Some("report (1).pdf"));
    }

    #[test]
    fn a_name_is_free_again_when_its_download_is_released() {
        let mut downloads = Downloads::default();
        begin(&mut downloads, "a", "f").unwrap();
        downloads.release("a");
        assert_eq!(downloads.name("a"), None);
        assert_eq!(begin(&mut downloads, "b", "f").unwrap(), "f");
    }

    #[test]
    fn there_are_not_more_than_can_be_listed() {
        let mut downloads = Downloads::default();
        for i in 0..MOST {
            assert!(begin(&mut downloads, &i.to_string(), &format!("f{i}")).is_some());
        }
        assert_eq!(begin(&mut downloads, "one more", "f"), None);
        downloads.release("7");
        assert_eq!(begin(&mut downloads, "another", "f7").as_deref(), Some("f7"));
    }
}
