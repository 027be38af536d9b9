//! What only the person in control is told, and whom it was told: over when somebody else drives, told again to the
//! connection that follows a broken one.

use std::collections::BTreeMap;

use bus_schema::{
    ConnId,
    model::{
        command::OpenDialog,
        note::{Chooser, Note},
    },
};

/// Choosers that may be open at once. A page opens one; more are noise.
const OPEN: usize = 16;

/// Pure.
#[derive(Debug, Default)]
pub struct Told {
    choosers: Vec<(ConnId, Chooser)>,
    dialogs: BTreeMap<u32, OpenDialog>,
}

impl Told {
    /// A note for the person in control. Says to whom it goes.
    pub fn note(&mut self, note: &Note, driver: Option<&ConnId>) -> Option<ConnId> {
        match note {
            Note::Chooser { chooser } => {
                let driver = driver?.clone();
                self.choosers.retain(|(_, open)| open.id != chooser.id);
                if self.choosers.len() >= OPEN {
                    self.choosers.remove(0);
                }
                self.choosers.push((driver.clone(), chooser.clone()));
                Some(driver)
            }
            Note::ChooserOver { id } => {
                let at = self.choosers.iter().position(|(_, open)| open.id == *id)?;
                Some(self.choosers.remove(at).0)
            }
            Note::Viewers(_) | Note::Cursor { .. } | Note::Clipboard { .. } | Note::Event { .. } => {
                driver.cloned()
            }
        }
    }

    /// A dialog that only the person was told of.
    pub fn dialog(&mut self, open: OpenDialog) {
        self.dialogs.insert(open.tab, open);
    }

    pub fn dialog_closed(&mut self, tab: u32) {
        self.dialogs.remove(&tab);
    }

    /// Control has changed: what was to be chosen by somebody who does not drive any more is over. With it, the dialogs
    /// that are open still, for whoever drives now.
    pub fn handed_over(&mut self, driver: Option<&ConnId>) -> (Vec<(ConnId, Note)>, Vec<OpenDialog>) {
        let over = self.choosers.extract_if(.., |(conn, _)| driver != Some(conn));
        let over = over.map(|(conn, chooser)| (conn, Note::ChooserOver { id: chooser.id })).collect();
        (over, std::mem::take(&mut self.dialogs).into_values().collect())
    }

    /// The person has come back by another connection. Says what it has to be told.
    pub fn resumed(&mut self, to: &ConnId) -> (Vec<Note>, Vec<OpenDialog>) {
        let choosers = self.choosers.iter_mut().map(|(conn, chooser)| {
            *conn = to.clone();
            Note::Chooser { chooser: chooser.clone() }
        });
        (choosers.collect(), self.dialogs.values().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use bus_schema::model::note::{Field, Wanted};

    use super::*;

    fn conn(name: &str) -> ConnId {
        ConnId::new(name).unwrap()
    }

    fn chooser(id: usize) -> Note {
        Note::Chooser {
            chooser: Chooser { id: id.to_string(), tab: 1, wanted: Wanted::Color(Field::default()) },
        }
    }

    fn over(id: usize) -> Note {
        Note::ChooserOver { id: id.to_string() }
    }

    #[test]
    fn a_chooser_is_over_for_whom_it_was_shown_to() {
        let (ann, bob) = (conn("ann"), conn("bob"));
        let mut told = Told::default();
        assert_eq!(told.note(&chooser(1), None), None, "nobody drives");
        assert_eq!(told.note(&chooser(1), Some(&ann)), Some(ann.clone()));
        assert_eq!(told.note(&chooser(2), Some(&ann)), Some(ann.clone()));
        assert_eq!(told.note(&over(1), Some(&bob)), Some(ann.clone()));
        assert_eq!(told.note(&over(1), Some(&ann)), None, "it was over already");
        assert_eq!(told.handed_over(Some(&bob)).0, [(ann, over(2))]);
        assert_eq!(told.handed_over(None).0, []);
    }

    #[test]
    fn who_comes_back_is_shown_again_what_is_open() {
        let (old, new) = (conn("old"), conn("new"));
        let mut told = Told::default();
        told.note(&chooser(1), Some(&old));
        assert_eq!(told.resumed(&new).0, [chooser(1)]);
        assert_eq!(told.note(&over(1), Some(&new)), Some(new));
    }

    #[test]
    fn a_page_that_shouts_costs_no_more_than_a_few() {
        let ann = conn("ann");
        let mut told = Told::default();
        for n in 0..1_000 {
            told.note(&chooser(n), Some(&ann));
        }
        assert_eq!(told.handed_over(None).0.len(), OPEN);
    }
}
