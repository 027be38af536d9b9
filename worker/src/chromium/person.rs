//! What the tabs report for the person who drives, as notes have it.

use actors::port::BrowserEvent;
use bus_schema::model::note::{self, Field, FileField, Note, Rect, Wanted};

use crate::page::{Choice, Chooser, Picker, PickerKind};

pub(super) fn opened(chooser: Chooser) -> BrowserEvent {
    let wanted = match chooser.what {
        Choice::Files { multiple, accept, directory } => {
            Wanted::File(FileField { multiple, accept, directory })
        }
        Choice::Value(picker) => wanted(picker),
    };
    BrowserEvent::Note(Note::Chooser { chooser: note::Chooser { id: chooser.id, tab: chooser.n, wanted } })
}

fn wanted(picker: Picker) -> Wanted {
    let [x, y, width, height] = picker.rect;
    let options = picker.options.into_iter();
    let field = Field {
        value: picker.value,
        min: picker.min,
        max: picker.max,
        step: picker.step,
        options: options.map(|one| note::Choice { value: one.value, label: one.label }).collect(),
        rect: Rect { x, y, width, height },
    };
    match picker.kind {
        PickerKind::Date => Wanted::Date(field),
        PickerKind::Time => Wanted::Time(field),
        PickerKind::DatetimeLocal => Wanted::DatetimeLocal(field),
        PickerKind::Month => Wanted::Month(field),
        PickerKind::Week => Wanted::Week(field),
        PickerKind::Color => Wanted::Color(field),
        PickerKind::Datalist => Wanted::Datalist(field),
    }
}

/// `more`: the page has cut it already.
pub(super) fn copied(text: String, more: bool) -> BrowserEvent {
    let mut note = Note::clipboard(text);
    if let Note::Clipboard { truncated, .. } = &mut note {
        *truncated |= more;
    }
    BrowserEvent::Note(note)
}
