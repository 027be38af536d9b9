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
