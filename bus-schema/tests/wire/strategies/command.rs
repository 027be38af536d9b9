use bus_schema::model::{
    command::*,
    target::{FrameRef, Locator, Target},
};
use proptest::{
    collection::{btree_map, vec},
    option::of,
    prelude::*,
    strategy::Union,
};

use super::{
    create::{cookie, storage_state},
    json, number, one_of, positive, text, texts, url,
};

pub const BUTTONS: &[MouseButton] =
    &[MouseButton::Left, MouseButton::Middle, MouseButton::Right, MouseButton::Back, MouseButton::Forward];
pub const MODIFIERS: &[Modifier] = &[Modifier::Alt, Modifier::Control, Modifier::Meta, Modifier::Shift];
pub const MOUSE_EVENTS: &[MouseEvent] = &[MouseEvent::Move, MouseEvent::Down, MouseEvent::Up];
pub const KEY_EVENTS: &[KeyEvent] = &[KeyEvent::Down, KeyEvent::Up];
const WAITS: &[WaitUntil] =
    &[WaitUntil::Load, WaitUntil::Domcontentloaded, WaitUntil::Networkidle, WaitUntil::Commit];
const STATES: &[ElementState] =
    &[ElementState::Visible, ElementState::Hidden, ElementState::Attached, ElementState::Detached];

pub fn modifiers() -> impl Strategy<Value = Vec<Modifier>> {
    vec(one_of(MODIFIERS), 0..4)
}

fn target() -> impl Strategy<Value = Target> {
    let locator = prop_oneof![
        text().prop_map(Locator::Ref),
        (text(), of(text())).prop_map(|(role, name)| Locator::Role { role, name }),
        text().prop_map(Locator::Text),
        text().prop_map(Locator::Label),
        text().prop_map(Locator::Placeholder),
        text().prop_map(Locator::TestId),
        text().prop_map(Locator::Selector),
        (number(), number()).prop_map(|(x, y)| Locator::Point { x, y }),
    ];
    let frame = prop_oneof![any::<u32>().prop_map(FrameRef::Number), text().prop_map(FrameRef::Name)];
    (locator, of(frame), of(any::<u32>())).prop_map(|(locator, frame, nth)| Target { locator, frame, nth })
}

fn position() -> impl Strategy<Value = Position> {
    (number(), number()).prop_map(|(x, y)| Position { x, y })
}

fn wait_until() -> impl Strategy<Value = WaitUntil> {
    one_of(WAITS)
}

/// Values of forms are not shown, so none can be a strategy's own value.
fn fill_form() -> impl Strategy<Value = Command> {
    let raw = btree_map(text(), (0..3u8, any::<bool>(), texts()), 1..4);
    let in_any_order = raw.prop_map(|raw| raw.into_iter().collect::<Vec<_>>()).prop_shuffle();
    in_any_order.prop_map(|raw| {
        let value = |(kind, checked, texts): (u8, bool, Vec<String>)| match kind {
            0 => FieldValue::Checked(checked),
            1 => FieldValue::Text(texts.concat()),
            _ => FieldValue::Texts(texts),
        };
        Command::FillForm(FillForm { fields: raw.into_iter().map(|(label, v)| (label, value(v))).collect() })
    })
}

fn pointer_actions() -> Vec<BoxedStrategy<Command>> {
    vec![
        (target(), one_of(BUTTONS), 1..=3u32, modifiers(), of(position()))
            .prop_map(|(target, button, click_count, modifiers, position)| {
                Command::Click(Click { target, button, click_count, modifiers, position })
            })
            .boxed(),
        (target(), of(position()))
            .prop_map(|(target, position)| Command::Hover(Hover { target, position }))
            .boxed(),
        (of(target()), number(), number(), of(one_of(&[ScrollTo::Top, ScrollTo::Bottom])))
            .prop_map(|(target, delta_x, delta_y, to)| {
                Command::Scroll(Scroll { target, delta_x, delta_y, to, wheel_at: None })
            })
            .boxed(),
        (number(), number(), positive(100_000), positive(100_000))
            .prop_map(|(delta_x, delta_y, x, y)| {
                let wheel_at = Some(Position { x, y });
                Command::Scroll(Scroll { delta_x, delta_y, wheel_at, ..Scroll::default() })
            })
            .boxed(),
        (target(), target()).prop_map(|(from, to)| Command::Drag(Drag { from, to })).boxed(),
        (one_of(MOUSE_EVENTS), positive(100_000), positive(100_000), one_of(BUTTONS))
            .prop_map(|(event, x, y, button)| Command::Mouse(Mouse { event, x, y, button }))
            .boxed(),
    ]
}

fn form_actions() -> Vec<BoxedStrategy<Command>> {
    vec![
        (of(target()), text(), any::<[bool; 3]>(), 0..=1_000u32)
            .prop_map(|(target, text, [clear, submit, sensitive], delay_ms)| {
                Command::Type(Type { target, text, clear, submit, delay_ms, sensitive })
            })
            .boxed(),
        ("[A-Z+]{1,9}", of(target()))
            .prop_map(|(keys, target)| Command::Press(Press { keys, target }))
            .boxed(),
        (one_of(KEY_EVENTS), text()).prop_map(|(event, key)| Command::Key(Key { event, key })).boxed(),
        (target(), texts(), any::<bool>())
            .prop_map(|(target, texts, by_label)| {
                let (values, labels) = if by_label { (None, Some(texts)) } else { (Some(texts), None) };
                Command::SelectOption(SelectOption { target, values, labels })
            })
            .boxed(),
        target().prop_map(|target| Command::Check(Check { target })).boxed(),
        target().prop_map(|target| Command::Uncheck(Uncheck { target })).boxed(),
        fill_form().boxed(),
        (target(), texts()).prop_map(|(target, files)| Command::Upload(Upload { target, files })).boxed(),
    ]
}

fn page_actions() -> Vec<BoxedStrategy<Command>> {
    vec![
        (url(), wait_until(), of(text()))
            .prop_map(|(url, wait_until, referrer)| Command::Navigate(Navigate { url, wait_until, referrer }))
            .boxed(),
        wait_until().prop_map(|wait_until| Command::Reload(Reload { wait_until })).boxed(),
        wait_until().prop_map(|wait_until| Command::Back(Back { wait_until })).boxed(),
        wait_until().prop_map(|wait_until| Command::Forward(Forward { wait_until })).boxed(),
        (1..=4_096u32, 1..=4_096u32, of(1..=4u32))
            .prop_map(|(width, height, scale)| {
                Command::SetViewport(SetViewport { width, height, scale: scale.map(f64::from) })
            })
            .boxed(),
        (any::<bool>(), of(text()))
            .prop_map(|(accept, text)| Command::Dialog(Dialog { accept, text }))
            .boxed(),
        Just(Command::Tabs(Tabs {})).boxed(),
        of(url()).prop_map(|url| Command::NewTab(NewTab { url })).boxed(),
        any::<u32>().prop_map(|tab| Command::ActivateTab(ActivateTab { tab })).boxed(),
        any::<u32>().prop_map(|tab| Command::CloseTab(CloseTab { tab })).boxed(),
    ]
}

fn storage_actions() -> Vec<BoxedStrategy<Command>> {
    vec![
        texts().prop_map(|urls| Command::CookiesGet(CookiesGet { urls })).boxed(),
        vec(cookie(), 0..4).prop_map(|cookies| Command::CookiesSet(CookiesSet { cookies })).boxed(),
        Just(Command::CookiesClear(CookiesClear {})).boxed(),
        Just(Command::StorageGet(StorageGet {})).boxed(),
        storage_state().prop_map(|storage_state| Command::StorageSet(StorageSet { storage_state })).boxed(),
    ]
}

fn reading_actions() -> Vec<BoxedStrategy<Command>> {
    vec![
        (of(target()), one_of(STATES), of(text()), of(text()), of(wait_until()), any::<u32>())
            .prop_map(|(target, state, url, expression, load_state, ms)| {
                let ms = Some(ms);
                Command::WaitFor(WaitFor { target, state, url, expression, load_state, ms })
            })
            .boxed(),
        (text(), vec(json(), 0..4), of(target()))
            .prop_map(|(expression, args, target)| Command::Evaluate(Evaluate { expression, args, target }))
            .boxed(),
        one_of(&[ContentFormat::Html, ContentFormat::Text, ContentFormat::Markdown])
            .prop_map(|format| Command::Content(Content { format }))
            .boxed(),
        (one_of(&[ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Webp]), of(0..=100u32), of(target()))
            .prop_map(|(format, quality, target)| {
                let full_page = target.is_none();
                Command::Screenshot(Screenshot { format, quality, full_page, target })
            })
            .boxed(),
        pdf().prop_map(Command::Pdf).boxed(),
        (
            of(1_000..=1_000_000u32),
            of(text()),
            any::<bool>(),
            one_of(&[ObservePreset::Compact, ObservePreset::Full, ObservePreset::Interactive]),
        )
            .prop_map(|(max_bytes, cursor, screenshot, preset)| {
                Command::Observe(Observe { max_bytes, cursor, screenshot, preset })
            })
            .boxed(),
    ]
}

fn pdf() -> impl Strategy<Value = Pdf> {
    let paper = || of((1..=200u32).prop_map(f64::from));
    let margin = || of(positive(100));
    (
        any::<[bool; 3]>(),
        of((7..=128u32).prop_map(|n| f64::from(n) / 64.0)),
        (paper(), paper()),
        (margin(), margin(), margin(), margin()),
        of(text()),
    )
        .prop_map(|(flags, scale, paper, margin, page_ranges)| Pdf {
            landscape: flags[0],
            print_background: flags[1],
            scale,
            paper_width: paper.0,
            paper_height: paper.1,
            margin_top: margin.0,
            margin_bottom: margin.1,
            margin_left: margin.2,
            margin_right: margin.3,
            page_ranges,
            prefer_css_page_size: flags[2],
        })
}

/// One strategy for each action.
pub fn actions() -> Vec<BoxedStrategy<Command>> {
    [pointer_actions(), form_actions(), page_actions(), storage_actions(), reading_actions()].concat()
}

/// `command` with everything that goes for all of them.
pub fn with_options(command: impl Strategy<Value = Command>) -> impl Strategy<Value = CommandRequest> {
    (
        command,
        of(any::<u32>()),
        of(1..=600_000u32),
        of("[^\\pC]{1,20}"),
        of(one_of(&[OnHumanControl::Wait, OnHumanControl::Fail])),
    )
        .prop_map(|(command, tab, timeout_ms, key, on_human_control)| {
            let own_tab = matches!(command, Command::ActivateTab(_) | Command::CloseTab(_));
            let tab = if own_tab { None } else { tab };
            CommandRequest { command, tab, timeout_ms, key, on_human_control }
        })
}

pub fn command_request() -> impl Strategy<Value = CommandRequest> {
    with_options(Union::new(actions()))
}
