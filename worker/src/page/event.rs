//! What a session's owner is told about its tabs.

use bus_schema::model::command::OpenDialog;
use bus_schema::model::rpc::DownloadState;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    TabOpened {
        n: u32,
        url: String,
        /// The tab whose page opened it.
        opener: Option<u32>,
    },
    TabClosed {
        n: u32,
    },
    TabActivated {
        n: u32,
    },
    /// The main frame shows another document, or another place in the same one.
    Navigated {
        n: u32,
        url: String,
        same_document: bool,
    },
    /// The title changed, or became known after a navigation.
    Titled {
        n: u32,
        title: String,
    },
    DialogOpened(OpenDialog),
    DialogClosed {
        n: u32,
        accepted: bool,
    },
    /// A download began or ended, or moved on. The file is `<downloads>/<guid>` until someone renames it.
    Download {
        guid: String,
        /// The tab it began in, while that is known.
        n: Option<u32>,
        url: String,
        /// Under which it is listed: as the site suggests it, made plain and unlike those of others.
        name: String,
        received: u64,
        total: Option<u64>,
        state: DownloadState,
    },
    /// The page's renderer died. It can be navigated again.
    Crashed {
        n: u32,
    },
    /// Something for the live log. Dropped first when the owner is slow.
    Note {
        n: u32,
        note: Note,
    },
    /// So many notes were dropped since the last one that came through.
    NotesDropped {
        count: u64,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    Console { level: String, text: String },
    Exception { text: String },
    Request { id: String, method: String, url: String, resource: String },
    Response { id: String, status: u16, url: String, mime_type: String },
    Failed { id: String, error: String },
}
