//! From what a client says of its pointer to input as sessions take it.

use std::time::{Duration, Instant};

use bus_schema::model::{
    command::{KeyEvent, Modifier, MouseButton, MouseEvent},
    input::InputEvent,
};

/// How far one notch of a wheel scrolls, in CSS pixels, as in Chromium.
const NOTCH: f64 = 120.0;
/// Clicks this close in time and place are one double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(500);
const SAME_PLACE: f64 = 5.0;

const BUTTONS: [(u16, MouseButton); 5] = [
    (1 << 0, MouseButton::Left),
    (1 << 1, MouseButton::Middle),
    (1 << 2, MouseButton::Right),
    (1 << 7, MouseButton::Back),
    (1 << 8, MouseButton::Forward),
];
/// Buttons 4 to 7 are the notches of wheels.
const WHEELS: [(u16, f64, f64); 4] =
    [(1 << 3, 0.0, -NOTCH), (1 << 4, 0.0, NOTCH), (1 << 5, -NOTCH, 0.0), (1 << 6, NOTCH, 0.0)];

/// One client's pointer.
#[derive(Debug, Default)]
pub struct Pointer {
    down: u16,
    at: Option<(f64, f64)>,
    clicked: Option<Click>,
}

#[derive(Clone, Copy, Debug)]
struct Click {
    button: MouseButton,
    at: (f64, f64),
    when: Instant,
    count: u32,
}

impl Pointer {
    /// The pointer is there, in CSS pixels, with these buttons down.
    pub fn moved(
        &mut self,
        buttons: u16,
        at: (f64, f64),
        modifiers: &[Modifier],
        now: Instant,
    ) -> Vec<InputEvent> {
        let (x, y) = at;
        let mouse = |event, button, click_count| InputEvent::Mouse {
            event,
            x,
            y,
            button,
            click_count,
            modifiers: modifiers.to_vec(),
        };
        let mut events = Vec::new();
        if self.at.replace(at) != Some(at) {
            events.push(mouse(MouseEvent::Move, MouseButton::Left, 0));
        }
        let changed = self.down ^ buttons;
        let before = std::mem::replace(&mut self.down, buttons);
        for (bit, button) in BUTTONS.into_iter().filter(|(bit, _)| changed & bit != 0) {
            let (event, count) = if before & bit == 0 {
                (MouseEvent::Down, self.click(button, at, now))
            } else {
                (MouseEvent::Up, self.clicked.filter(|c| c.button == button).map_or(1, |c| c.count))
            };
            events.push(mouse(event, button, count));
        }
        for (_, delta_x, delta_y) in WHEELS.into_iter().filter(|(bit, ..)| changed & buttons & bit != 0) {
            events.push(InputEvent::Wheel { x, y, delta_x, delta_y, modifiers: modifiers.to_vec() });
        }
        events
    }

    /// Which click in a row this is.
    fn click(&mut self, button: MouseButton, at: (f64, f64), when: Instant) -> u32 {
        let follows = |c: &Click| {
            let near = (c.at.0 - at.0).abs() <= SAME_PLACE && (c.at.1 - at.1).abs() <= SAME_PLACE;
            c.button == button && near && when.saturating_duration_since(c.when) <= DOUBLE_CLICK
        };
        let count = self.clicked.filter(follows).map_or(1, |c| c.count % 3 + 1);
        self.clicked = Some(Click { button, at, when, count });
        count
    }

    /// Forgets what is down: somebody else drives, and it was let go for us.
    pub fn let_go(&mut self) {
        self.clicked = None;
    }
}

/// Whether an event is one by which somebody takes the wheel, and not a hand that passes over the picture.
pub fn acts(event: &InputEvent) -> bool {
    !matches!(
        event,
        InputEvent::Mouse { event: MouseEvent::Move | MouseEvent::Up, .. }
            | InputEvent::Key { event: KeyEvent::Up, .. }
    )
}

/// Adds an event to those that wait. Of moves in a row only the last one counts.
pub fn coalesce(events: &mut Vec<InputEvent>, event: InputEvent) {
    let is_move = |e: &InputEvent| matches!(e, InputEvent::Mouse { event: MouseEvent::Move, .. });
    match events.last_mut() {
        Some(last) if is_move(last) && is_move(&event) => *last = event,
        Some(_) | None => events.push(event),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(events: &[InputEvent]) -> String {
        let word = |event: &InputEvent| {
            if let InputEvent::Wheel { delta_x, delta_y, .. } = event {
                return format!("wheel {delta_x},{delta_y}");
            }
            let InputEvent::Mouse { event, x, y, button, click_count, .. } = event else {
                panic!("{event:?}")
            };
            match event {
                MouseEvent::Move => format!("to {x},{y}"),
                MouseEvent::Down => format!("{button:?} down {click_count}"),
                MouseEvent::Up => format!("{button:?} up {click_count}"),
            }
        };
        events.iter().map(word).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn bits_become_buttons_and_notches() {
        let (mut pointer, now) = (Pointer::default(), Instant::now());
        let slow = |n: u32| now + DOUBLE_CLICK * 2 * n;
        for (n, (buttons, said)) in [
            (0, "to 3,4"),
            (0, ""),
            (1, "Left down 1"),
            (1, ""),
            (5, "Right down 1"),
            (0, "Left up 1; Right up 1"),
            (2, "Middle down 1"),
            (0, "Middle up 1"),
            (0x80, "Back down 1"),
            (0x100, "Back up 1; Forward down 1"),
            (0, "Forward up 1"),
            (8, "wheel 0,-120"),
            (8, ""),
            (0, ""),
            (16, "wheel 0,120"),
            (32, "wheel -120,0"),
            (64, "wheel 120,0"),
        ]
        .into_iter()
        .enumerate()
        {
            let events = pointer.moved(buttons, (3.0, 4.0), &[], slow(n as u32));
            assert_eq!(say(&events), said, "step {n}");
        }
    }

    #[test]
    fn clicks_in_a_row_are_counted() {
        let (mut pointer, now) = (Pointer::default(), Instant::now());
        let mut click = |x: f64, ms: u64| {
            let when = now + Duration::from_millis(ms);
            pointer.moved(0, (x, 0.0), &[], when);
            let down = say(&pointer.moved(1, (x, 0.0), &[], when));
            let up = say(&pointer.moved(0, (x, 0.0), &[], when));
            assert_eq!(down.replace("down", "up"), up);
            down.chars().last().unwrap().to_digit(10).unwrap()
        };
        let counts = [
            click(0.0, 0),
            click(1.0, 100),
            click(1.0, 200),
            click(1.0, 300),
            click(50.0, 400),
            click(50.0, 2_000),
        ];
        assert_eq!(counts, [1, 2, 3, 1, 1, 1]);
    }

    #[test]
    fn a_flood_of_moves_is_one_and_a_click_between_stays_where_it_was() {
        let (mut pointer, now) = (Pointer::default(), Instant::now());
        let mut events = Vec::new();
        for x in 0..1_000_u32 {
            let buttons = u16::from(x >= 500);
            for event in pointer.moved(buttons, (x.into(), 0.0), &[], now) {
                coalesce(&mut events, event);
            }
        }
        assert_eq!(say(&events), "to 500,0; Left down 1; to 999,0");
    }

    #[test]
    fn a_hand_that_passes_over_the_picture_does_not_act() {
        let (mut pointer, now) = (Pointer::default(), Instant::now());
        let mut acting = |buttons| pointer.moved(buttons, (1.0, 1.0), &[], now).iter().any(acts);
        assert_eq!([0, 1, 0, 16].map(&mut acting), [false, true, false, true]);
    }
}
