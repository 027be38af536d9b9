//! What a session's owner is told about its tabs.

use bus_schema::model::command::OpenDialog;
use bus_schema::model::rpc::DownloadState;
use serde::Deserialize;

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
    /// Something of the person's to choose, while one drives; only one is open at a time.
    ChooserOpened(Chooser),
    /// It is over: answered, its field or page gone, or nobody drives any more.
    ChooserClosed {
        id: String,
    },
    /// The page copied or cut text while a person drives.
    Copied {
        text: String,
        /// There was more of it.
        truncated: bool,
    },
    /// The CSS cursor under the pointer has changed while a person drives.
    Cursor {
        cursor: String,
    },
    /// The person has changed a field. What it holds is not told.
    Touched {
        n: u32,
        label: String,
        kind: String,
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

/// What a person has to choose for the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Chooser {
    pub id: String,
    /// Its tab.
    pub n: u32,
    pub what: Choice,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    Files { multiple: bool, accept: Vec<String>, directory: bool },
    Value(Picker),
}

/// A field whose value is chosen from a popup. The values are as the field has them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Picker {
    pub kind: PickerKind,
    pub value: String,
    pub min: String,
    pub max: String,
    pub step: String,
    pub options: Vec<PickerOption>,
    /// Where it is in the viewport, in CSS pixels: left, top, width and height.
    #[serde(skip)]
    pub rect: [f64; 4],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PickerKind {
    Date,
    Time,
    DatetimeLocal,
    Month,
    Week,
    Color,
    Datalist,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PickerOption {
    pub value: String,
    pub label: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    Console { level: String, text: String },
    Exception { text: String },
    Request { id: String, method: String, url: String, resource: String },
    Response { id: String, status: u16, url: String, mime_type: String },
    Failed { id: String, error: String },
}
