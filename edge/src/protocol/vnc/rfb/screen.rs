//! What a client sees: the newest frame, in the form that it takes.

use bus_schema::model::frame::{HEADER_BYTES, Header};
use bytes::{BufMut, Bytes, BytesMut};

use super::{
    cursor, encoding,
    picture::Picture,
    pixel::PixelFormat,
    write::{Area, MAX_TIGHT, MAX_TIGHT_WIDTH, Rects},
};

/// Of JPEG, by Tight's ten levels, as other servers have them.
const QUALITIES: [u32; 10] = [15, 29, 41, 42, 62, 77, 79, 86, 92, 100];

/// What a client can do, by the encodings that it lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    tight: bool,
    quality: Option<u32>,
    desktop_size: bool,
    extended_size: bool,
    cursor: bool,
    name: bool,
    qemu_keys: bool,
    buttons: bool,
    pub fence: bool,
    pub continuous: bool,
    pub clipboard: bool,
}

impl Abilities {
    pub fn of(encodings: &[i32]) -> Self {
        let has = |wanted| encodings.contains(&wanted);
        Self {
            tight: has(encoding::TIGHT),
            quality: encodings.iter().find_map(|listed| quality(*listed)),
            desktop_size: has(encoding::DESKTOP_SIZE),
            extended_size: has(encoding::EXTENDED_DESKTOP_SIZE),
            cursor: has(encoding::CURSOR),
            name: has(encoding::DESKTOP_NAME),
            qemu_keys: has(encoding::QEMU_KEYS),
            buttons: has(encoding::EXTENDED_BUTTONS),
            fence: has(encoding::FENCE),
            // Without fences nobody knows what has been seen.
            continuous: has(encoding::CONTINUOUS_UPDATES) && has(encoding::FENCE),
            clipboard: has(encoding::EXTENDED_CLIPBOARD),
        }
    }

    /// The quality of JPEG that it wants, if it takes any.
    pub fn jpeg(&self) -> Option<u32> {
        self.quality.filter(|_| self.tight)
    }
}

fn quality(listed: i32) -> Option<u32> {
    if encoding::QUALITY_LEVELS.contains(&listed) {
        return QUALITIES.get((listed - encoding::QUALITY_LEVELS.start()) as usize).copied();
    }
    encoding::FINE_QUALITY_LEVELS
        .contains(&listed)
        .then(|| ((listed - encoding::FINE_QUALITY_LEVELS.start()) as u32).max(1))
}

/// What became of a client's wish for another size, as ExtendedDesktopSize numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resized {
    Done = 0,
    Prohibited = 1,
    OutOfResources = 2,
    Invalid = 3,
}

/// Told with the next update.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Notice {
    Cursor,
    Name(String),
    QemuKeys,
    Buttons,
    Size,
    Resized(Resized),
}

/// One client's screen.
pub struct Screen {
    width: u16,
    height: u16,
    format: PixelFormat,
    abilities: Abilities,
    notices: Vec<Notice>,
    /// What a client that takes no JPEG was shown.
    shown: Option<Picture>,
}

impl Screen {
    pub fn new(width: u16, height: u16) -> Self {
        Self {
            width,
            height,
            format: PixelFormat::default(),
            abilities: Abilities::default(),
            notices: Vec::new(),
            shown: None,
        }
    }

    pub fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    pub fn format(&self) -> &PixelFormat {
        &self.format
    }

    pub fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    pub fn set_format(&mut self, format: PixelFormat) {
        self.format = format;
        self.shown = None;
        if self.abilities.cursor {
            self.notice(Notice::Cursor);
        }
    }

    /// What the client has not listed before is answered with what it has to know of it.
    pub fn set_abilities(&mut self, abilities: Abilities) {
        let before = std::mem::replace(&mut self.abilities, abilities);
        let now = &self.abilities;
        let news = [
            (now.cursor && !before.cursor, Notice::Cursor),
            (now.qemu_keys && !before.qemu_keys, Notice::QemuKeys),
            (now.buttons && !before.buttons, Notice::Buttons),
            (now.extended_size && !before.extended_size, Notice::Size),
        ];
        news.into_iter().filter(|(is_new, _)| *is_new).for_each(|(_, notice)| self.notice(notice));
    }

    pub fn set_name(&mut self, name: String) {
        if self.abilities.name {
            self.notices.retain(|notice| !matches!(notice, Notice::Name(_)));
            self.notices.push(Notice::Name(name));
        }
    }

    /// What became of the client's wish for another size.
    pub fn set_resized(&mut self, how: Resized) {
        if self.abilities.extended_size {
            self.notices.retain(|notice| !matches!(notice, Notice::Resized(_)));
            self.notices.push(Notice::Resized(how));
        }
    }

    fn notice(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    pub fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    /// Whether a frame has to be decoded for this client, which takes milliseconds.
    pub fn decodes(&self, frame: &Header) -> bool {
        let fits = (frame.width, frame.height) == (self.width, self.height);
        let resizes = self.abilities.desktop_size || self.abilities.extended_size;
        let is_jpeg = self.abilities.jpeg().is_some() && self.format.takes_jpeg();
        // One of another size for a client that can follow only tells it that.
        (fits || !resizes) && !(is_jpeg && fits && frame.width <= MAX_TIGHT_WIDTH)
    }

    /// Notices alone.
    pub fn tell(&mut self, out: &mut BytesMut) {
        let mut rects = Rects::default();
        self.put_notices(&mut rects);
        if !rects.is_empty() {
            rects.finish(out);
        }
    }

    /// An update to this frame, header and image; `whole`: though nothing has changed.
    pub fn show(&mut self, frame: &Bytes, whole: bool, out: &mut BytesMut) -> Shown {
        let Some(header) = Header::decode(frame) else { return Shown::Nothing };
        let mut rects = Rects::default();
        let resized = self.follow(&header, &mut rects);
        self.put_notices(&mut rects);
        if !resized {
            let image = frame.slice(HEADER_BYTES..);
            if self.decodes(&header) || image.len() > MAX_TIGHT {
                self.put_raw(&image, whole, &mut rects);
            } else {
                rects.jpeg(self.area(), &image);
            }
        }
        match (resized, rects.is_empty()) {
            (_, true) => return Shown::Nothing,
            (true, false) | (false, false) => rects.finish(out),
        }
        if resized { Shown::Resized } else { Shown::Picture }
    }

    fn area(&self) -> Area {
        Area { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// Takes on the frame's size where the client can follow. Its picture then comes in an update of its own, for
    /// clients throw away what stands in the same.
    fn follow(&mut self, frame: &Header, rects: &mut Rects) -> bool {
        let size = (frame.width, frame.height);
        if size == self.size() || !(self.abilities.desktop_size || self.abilities.extended_size) {
            return false;
        }
        (self.width, self.height) = size;
        self.shown = None;
        self.notices.retain(|notice| *notice != Notice::Size);
        let of_client = |notice: &Notice| *notice == Notice::Resized(Resized::Done);
        if self.abilities.extended_size {
            // The answer to a wish says the size itself.
            if !self.notices.iter().any(of_client) {
                rects.extended_size(0, 0, self.width, self.height);
            }
        } else {
            rects.begin(self.area(), encoding::DESKTOP_SIZE);
        }
        true
    }

    fn put_notices(&mut self, rects: &mut Rects) {
        let nowhere = Area { x: 0, y: 0, width: 0, height: 0 };
        for notice in std::mem::take(&mut self.notices) {
            match notice {
                Notice::Cursor => {
                    let area = Area { x: 0, y: 0, width: cursor::WIDTH, height: cursor::HEIGHT };
                    cursor::write(&self.format, rects.begin(area, encoding::CURSOR));
                }
                Notice::Name(name) => {
                    let out = rects.begin(nowhere, encoding::DESKTOP_NAME);
                    out.put_u32(name.len() as u32);
                    out.put_slice(name.as_bytes());
                }
                Notice::QemuKeys => drop(rects.begin(nowhere, encoding::QEMU_KEYS)),
                Notice::Buttons => drop(rects.begin(nowhere, encoding::EXTENDED_BUTTONS)),
                Notice::Size => rects.extended_size(0, 0, self.width, self.height),
                Notice::Resized(how) => rects.extended_size(1, how as u16, self.width, self.height),
            }
        }
    }

    fn put_raw(&mut self, jpeg: &[u8], whole: bool, rects: &mut Rects) {
        let picture = match Picture::decode(jpeg) {
            Ok(picture) => picture.fit(self.width, self.height),
            Err(error) => {
                tracing::debug!(%error, "a frame cannot be decoded");
                return;
            }
        };
        let before = self.shown.as_ref().filter(|_| !whole);
        let converter = self.format.converter();
        for area in picture.changed_since(before) {
            let out = rects.begin(area, encoding::RAW);
            picture.rows(area).for_each(|row| converter.convert(row, out));
        }
        self.shown = Some(picture);
    }
}

/// What an update showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Picture,
    /// The frame itself is still to be shown.
    Resized,
    /// Nothing has changed for this client, and nothing is to be sent.
    Nothing,
}

#[cfg(test)]
mod tests {
    use bus_schema::model::frame::Codec;

    use super::*;

    /// 32 × 16: green on the left, red on the right.
    const JPEG: &[u8] = include_bytes!("fixtures/green-red-32x16.jpg");
    const LEVEL_6: i32 = -26;

    fn frame(width: u16, height: u16) -> Bytes {
        let header = Header {
            codec: Codec::Jpeg,
            flags: 0,
            seq: 1,
            captured_at: 0,
            width,
            height,
            tab: 1,
            input_width: width,
            input_height: height,
        };
        header.with_image(JPEG)
    }

    /// Encodings and places of the rectangles in an update without data of its own.
    fn heads(update: &[u8], data: &[usize]) -> Vec<(i32, [u16; 4])> {
        let count = usize::from(u16::from_be_bytes([update[2], update[3]]));
        assert_eq!((update[0], count), (0, data.len()), "{update:?}");
        let mut at = 4;
        let heads = data.iter().map(|length| {
            let head = &update[at..at + 12];
            at += 12 + length;
            let side = |i: usize| u16::from_be_bytes([head[i], head[i + 1]]);
            (i32::from_be_bytes(*head[8..].first_chunk().unwrap()), [side(0), side(2), side(4), side(6)])
        });
        heads.collect()
    }

    fn screen(encodings: &[i32]) -> Screen {
        let mut screen = Screen::new(32, 16);
        screen.set_abilities(Abilities::of(encodings));
        screen
    }

    fn shown(screen: &mut Screen, frame: &Bytes, whole: bool) -> (Shown, BytesMut) {
        let mut out = BytesMut::new();
        let shown = screen.show(frame, whole, &mut out);
        (shown, out)
    }

    #[test]
    fn who_names_a_quality_has_the_jpeg_as_it_is() {
        for (encodings, quality) in [
            (vec![encoding::TIGHT, LEVEL_6], Some(79)),
            (vec![encoding::TIGHT, -32], Some(15)),
            (vec![-23, encoding::TIGHT], Some(100)),
            (vec![encoding::TIGHT, -412], Some(100)),
            (vec![encoding::TIGHT, -512], Some(1)),
            (vec![encoding::TIGHT], None),
            (vec![LEVEL_6], None),
            (vec![], None),
        ] {
            assert_eq!(Abilities::of(&encodings).jpeg(), quality, "{encodings:?}");
            let mut screen = screen(&encodings);
            let (shown, out) = shown(&mut screen, &frame(32, 16), false);
            assert_eq!(shown, Shown::Picture);
            if quality.is_some() {
                assert!(out.ends_with(JPEG));
                assert_eq!(heads(&out, &[JPEG.len()])[0], (encoding::TIGHT, [0, 0, 32, 16]));
            } else {
                assert_eq!(heads(&out, &[32 * 16 * 4])[0], (encoding::RAW, [0, 0, 32, 16]));
                let pixel = &out[16..20];
                assert!(
                    pixel[1].abs_diff(0xc0) < 8 && pixel[2] < 8,
                    "green, in the order of blue, green, red: {pixel:?}"
                );
            }
        }
    }

    #[test]
    fn raw_is_what_has_changed() {
        let mut screen = screen(&[encoding::RAW]);
        assert_eq!(shown(&mut screen, &frame(32, 16), false).0, Shown::Picture);
        assert_eq!(shown(&mut screen, &frame(32, 16), false), (Shown::Nothing, BytesMut::new()));
        assert_eq!(shown(&mut screen, &frame(32, 16), true).0, Shown::Picture);
        screen.set_format(PixelFormat::default());
        assert_eq!(
            shown(&mut screen, &frame(32, 16), false).0,
            Shown::Picture,
            "in another format all is new"
        );
        assert_eq!(shown(&mut screen, &Bytes::from_static(b"noise"), false).0, Shown::Nothing);
    }

    #[test]
    fn another_size_comes_before_its_picture() {
        for (listed, encoding, data) in
            [(encoding::DESKTOP_SIZE, encoding::DESKTOP_SIZE, 0), (-308, encoding::EXTENDED_DESKTOP_SIZE, 20)]
        {
            let mut screen = Screen::new(64, 64);
            screen.set_abilities(Abilities::of(&[encoding::TIGHT, LEVEL_6, listed]));
            assert!(!screen.decodes(&Header::decode(&frame(32, 16)).unwrap()));
            let (resized, out) = shown(&mut screen, &frame(32, 16), false);
            assert_eq!((resized, screen.size()), (Shown::Resized, (32, 16)));
            assert_eq!(heads(&out, &[data])[0], (encoding, [0, 0, 32, 16]));
            let (picture, out) = shown(&mut screen, &frame(32, 16), false);
            assert_eq!((picture, heads(&out, &[JPEG.len()])[0].0), (Shown::Picture, encoding::TIGHT));
        }
        // Who cannot follow has what fits, and black beside it.
        let mut screen = Screen::new(40, 8);
        screen.set_abilities(Abilities::of(&[encoding::TIGHT, LEVEL_6]));
        let (picture, out) = shown(&mut screen, &frame(32, 16), false);
        assert_eq!(
            (picture, heads(&out, &[40 * 8 * 4])[0]),
            (Shown::Picture, (encoding::RAW, [0, 0, 40, 8]))
        );
        assert_eq!(out[out.len() - 4..], [0; 4]);
    }

    #[test]
    fn a_wish_for_a_size_is_answered_with_the_size_there_is() {
        let mut screen = screen(&[encoding::TIGHT, LEVEL_6, encoding::EXTENDED_DESKTOP_SIZE]);
        let mut out = BytesMut::new();
        screen.tell(&mut out);
        assert_eq!(heads(&out, &[20])[0].1, [0, 0, 32, 16], "that sizes may be wished for");
        for (how, status) in [
            (Resized::Prohibited, 1),
            (Resized::OutOfResources, 2),
            (Resized::Invalid, 3),
            (Resized::Done, 0),
        ] {
            screen.set_resized(how);
            let mut out = BytesMut::new();
            screen.tell(&mut out);
            assert_eq!(heads(&out, &[20])[0].1, [1, status, 32, 16]);
        }
        // Done, with the frame that shows it: one rectangle says both.
        let mut screen = Screen::new(64, 64);
        screen.set_abilities(Abilities::of(&[encoding::TIGHT, LEVEL_6, encoding::EXTENDED_DESKTOP_SIZE]));
        screen.tell(&mut BytesMut::new());
        screen.set_resized(Resized::Done);
        let (resized, out) = shown(&mut screen, &frame(32, 16), false);
        assert_eq!((resized, heads(&out, &[20])[0].1), (Shown::Resized, [1, 0, 32, 16]));
    }

    #[test]
    fn what_a_client_lists_is_answered_once() {
        let listed =
            [encoding::CURSOR, encoding::QEMU_KEYS, encoding::EXTENDED_BUTTONS, encoding::DESKTOP_NAME];
        let mut screen = screen(&listed);
        screen.set_name("one".into());
        screen.set_name("two".into());
        screen.set_abilities(Abilities::of(&listed));
        let mut out = BytesMut::new();
        screen.tell(&mut out);
        let cursor =
            usize::from(cursor::WIDTH) * usize::from(cursor::HEIGHT) * 4 + 2 * usize::from(cursor::HEIGHT);
        let told: Vec<_> =
            heads(&out, &[cursor, 0, 0, 7]).into_iter().map(|(encoding, _)| encoding).collect();
        assert_eq!(told, listed);
        assert!(out.ends_with(b"\0\0\0\x03two") && !screen.has_notices());
        screen.set_abilities(Abilities::of(&listed));
        assert!(!screen.has_notices());
        screen.set_format(PixelFormat::default());
        assert!(screen.has_notices(), "the cursor in the new format");
        // What is not listed is not told.
        let mut silent = Screen::new(1, 1);
        silent.set_name("name".into());
        silent.set_resized(Resized::Prohibited);
        assert!(!silent.has_notices());
        assert!(!Abilities::of(&[encoding::CONTINUOUS_UPDATES]).continuous, "without fences");
    }
}
