//! A person's hands: keys, pointer and clipboard, on their way to the session.

use std::{
    iter::Peekable,
    time::{Duration, Instant},
    vec::IntoIter,
};

use bus_schema::{
    Error,
    model::{
        command::{KeyEvent, Modifier},
        control::{Control, ControlAction, ControlRequest},
        frame::Header,
        input::{InputBatch, InputEvent, MAX_EVENTS},
    },
};

use super::{
    Guest,
    lease::{Lease, Verdict},
    rfb::{
        keyboard::Keyboard,
        pointer::{Pointer, acts, coalesce},
    },
};
use crate::gateway::view::InputLine;

/// The longest text that is pasted: it has to fit into a message of the bus.
const MAX_PASTE: usize = 512 << 10;
/// Between two beeps.
const BEEP: Duration = Duration::from_secs(1);

pub struct Hands {
    pub lease: Lease,
    keyboard: Keyboard,
    pointer: Pointer,
    /// What the person has copied elsewhere and not pasted over yet.
    clipboard: Option<String>,
    waiting: Vec<InputEvent>,
    line: Option<InputLine>,
    n: u64,
    beeped: Option<Instant>,
}

impl Hands {
    pub fn new(lease: Lease) -> Self {
        Self {
            lease,
            keyboard: Keyboard::default(),
            pointer: Pointer::default(),
            clipboard: None,
            waiting: Vec::new(),
            line: None,
            n: 0,
            beeped: None,
        }
    }

    pub fn key(&mut self, down: bool, keysym: u32, scancode: Option<u32>) {
        for event in self.keyboard.key(down, keysym, scancode) {
            let event = self.with_clipboard(event);
            coalesce(&mut self.waiting, event);
        }
    }

    /// The pointer's place is one of the picture that was shown last.
    pub fn pointer(&mut self, buttons: u16, x: u16, y: u16, shown: &Header) {
        let scaled =
            |at: u16, input: u16, picture: u16| f64::from(at) * f64::from(input) / f64::from(picture.max(1));
        let at = (scaled(x, shown.input_width, shown.width), scaled(y, shown.input_height, shown.height));
        for event in self.pointer.moved(buttons, at, &self.keyboard.modifiers(), Instant::now()) {
            coalesce(&mut self.waiting, event);
        }
    }

    /// The person has copied a text elsewhere.
    pub fn copied(&mut self, text: String) {
        self.clipboard = Some(text).filter(|text| (1..=MAX_PASTE).contains(&text.len()));
    }

    /// A key that pastes brings the person's own text, unless they copied something in the page since.
    fn with_clipboard(&mut self, event: InputEvent) -> InputEvent {
        let InputEvent::Key { event: KeyEvent::Down, key, .. } = &event else { return event };
        let modifiers = self.keyboard.modifiers();
        match (key.to_lowercase().as_str(), modifiers.as_slice()) {
            ("c" | "x" | "insert", [Modifier::Control]) => self.clipboard = None,
            ("v", [Modifier::Control]) | ("insert", [Modifier::Shift]) => {
                if let Some(text) = &self.clipboard {
                    return InputEvent::Paste { text: text.clone() };
                }
            }
            _ => {}
        }
        event
    }

    /// Passes on what has been done, and takes control for it where nobody has. `true`: the person is to hear that it was
    /// for nothing.
    pub async fn flush(&mut self, guest: &Guest, shown: Option<&Header>) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let events = std::mem::take(&mut self.waiting);
        let now = Instant::now();
        match self.lease.judge(events.iter().any(acts), now) {
            Verdict::Send(epoch) => self.send(guest, shown, epoch, events).await,
            Verdict::Take => match self.take(guest).await {
                Ok(control) => {
                    let epoch = control.epoch;
                    self.lease.taken(control);
                    self.send(guest, shown, epoch, events).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "control could not be taken");
                    self.lease.refused(now);
                    return self.beep(now);
                }
            },
            Verdict::Drop => {}
            Verdict::Refuse => return self.beep(now),
        }
        false
    }

    async fn take(&self, guest: &Guest) -> Result<Control, Error> {
        let holder = Some(self.lease.holder().to_owned());
        let request = ControlRequest { action: ControlAction::TakeControl, holder, note: None, by: None };
        guest.gateway.control(&guest.tenant, &guest.id, request, Some(guest.conn.clone())).await
    }

    async fn send(&mut self, guest: &Guest, shown: Option<&Header>, epoch: u64, events: Vec<InputEvent>) {
        let line = match self.line.take() {
            Some(line) => line,
            // Here and not beside: what follows must not overtake it.
            None => match guest.gateway.open_input(&guest.tenant, &guest.id, &guest.conn).await {
                Ok(line) => line,
                Err(error) => {
                    tracing::debug!(%error, "input is not taken");
                    return;
                }
            },
        };
        let mut events = events.into_iter().peekable();
        while events.peek().is_some() {
            let part = part_of(&mut events);
            let (n, tab) = (self.n, shown.map(|header| header.tab));
            self.n += part.len() as u64;
            line.send(&InputBatch { epoch, n, tab, events: part }).await;
        }
        self.line = Some(line);
    }

    fn beep(&mut self, now: Instant) -> bool {
        let is_due = self.beeped.is_none_or(|last| now.saturating_duration_since(last) >= BEEP);
        if is_due {
            self.beeped = Some(now);
        }
        is_due
    }

    /// Who drives has changed.
    pub fn control_changed(&mut self, control: Control) {
        if self.lease.changed(control) {
            self.keyboard.let_go();
            self.pointer.let_go();
        }
    }

    /// Another owner knows nothing of the way there was.
    pub fn moved(&mut self) {
        self.line = None;
    }
}

/// As many as one message may have.
fn part_of(events: &mut Peekable<IntoIter<InputEvent>>) -> Vec<InputEvent> {
    let weight = |event: &InputEvent| if let InputEvent::Paste { text } = event { text.len() } else { 0 };
    let (mut part, mut weighs) = (Vec::new(), 0);
    while let Some(event) = events
        .next_if(|next| part.is_empty() || (part.len() < MAX_EVENTS && weighs + weight(next) <= MAX_PASTE))
    {
        weighs += weight(&event);
        part.push(event);
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::vnc::Access;

    const CONTROL: u32 = 0xffe3;

    fn hands() -> Hands {
        Hands::new(Lease::new(Access::Control, "me".into(), Control::default()))
    }

    #[test]
    fn places_are_those_of_the_page_and_not_of_the_picture() {
        let header = Header {
            codec: bus_schema::model::frame::Codec::Jpeg,
            flags: 0,
            seq: 1,
            captured_at: 0,
            width: 2_048,
            height: 1_024,
            tab: 1,
            input_width: 4_096,
            input_height: 2_048,
        };
        let mut hands = hands();
        hands.pointer(1, 100, 50, &header);
        assert!(
            matches!(hands.waiting[0], InputEvent::Mouse { x: 200.0, y: 100.0, .. }),
            "{:?}",
            hands.waiting
        );
        hands.pointer(1, 100, 50, &Header { width: 0, height: 0, ..header });
    }

    #[test]
    fn no_message_is_too_long_for_the_bus() {
        let text = |bytes: usize| InputEvent::Paste { text: "x".repeat(bytes) };
        let parts = |events: Vec<InputEvent>| {
            let mut events = events.into_iter().peekable();
            let mut lengths = Vec::new();
            while events.peek().is_some() {
                lengths.push(part_of(&mut events).len());
            }
            lengths
        };
        assert_eq!(parts(vec![text(1); MAX_EVENTS + 1]), [MAX_EVENTS, 1]);
        assert_eq!(parts(vec![text(MAX_PASTE), text(1), text(MAX_PASTE - 1), text(1)]), [1, 2, 1]);
        assert_eq!(parts(vec![text(MAX_PASTE + 1), text(0)]), [1, 1]);
        let mut hands = hands();
        hands.copied("x".repeat(MAX_PASTE + 1));
        assert_eq!(hands.clipboard, None);
    }

    #[test]
    fn a_person_pastes_what_they_copied_last() {
        let pressed = |hands: &mut Hands, c: char| {
            hands.waiting.clear();
            hands.key(true, c as u32, None);
            hands.key(false, c as u32, None);
            match hands.waiting.first() {
                Some(InputEvent::Paste { text }) => text.clone(),
                other => format!("{other:?}").chars().take(3).collect(),
            }
        };
        let mut hands = hands();
        hands.copied("mine".into());
        assert_eq!(pressed(&mut hands, 'v'), "Som", "only with Control");
        hands.key(true, CONTROL, None);
        assert_eq!(pressed(&mut hands, 'v'), "mine");
        assert_eq!(pressed(&mut hands, 'v'), "mine");
        pressed(&mut hands, 'c');
        assert_eq!(pressed(&mut hands, 'v'), "Som", "the page's is newer");
    }
}
