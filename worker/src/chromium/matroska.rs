//! A film in Matroska, of the pictures as the browser compressed them (Motion JPEG), each shown from its own moment on.
//!
//! Written as it grows: a head, then clusters, which follow each other in the file as they were made.

use std::time::Duration;

/// Times within a cluster have 16 bits, in milliseconds.
const LONGEST: Duration = Duration::from_secs(30);

/// Elements of <https://www.matroska.org/technical/elements.html>.
mod id {
    pub const EBML: u32 = 0x1A45_DFA3;
    pub const EBML_VERSION: u32 = 0x4286;
    pub const EBML_READ_VERSION: u32 = 0x42F7;
    pub const EBML_MAX_ID_LENGTH: u32 = 0x42F2;
    pub const EBML_MAX_SIZE_LENGTH: u32 = 0x42F3;
    pub const DOC_TYPE: u32 = 0x4282;
    pub const DOC_TYPE_VERSION: u32 = 0x4287;
    pub const DOC_TYPE_READ_VERSION: u32 = 0x4285;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const INFO: u32 = 0x1549_A966;
    pub const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub const TITLE: u32 = 0x7BA9;
    pub const MUXING_APP: u32 = 0x4D80;
    pub const WRITING_APP: u32 = 0x5741;
    pub const TRACKS: u32 = 0x1654_AE6B;
    pub const TRACK_ENTRY: u32 = 0xAE;
    pub const TRACK_NUMBER: u32 = 0xD7;
    pub const TRACK_UID: u32 = 0x73C5;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const FLAG_LACING: u32 = 0x9C;
    pub const CODEC_ID: u32 = 0x86;
    pub const VIDEO: u32 = 0xE0;
    pub const PIXEL_WIDTH: u32 = 0xB0;
    pub const PIXEL_HEIGHT: u32 = 0xBA;
    pub const CLUSTER: u32 = 0x1F43_B675;
    pub const TIMESTAMP: u32 = 0xE7;
    pub const SIMPLE_BLOCK: u32 = 0xA3;
}

/// What a file begins with. Pictures of other sizes may follow: players scale them to this one.
pub(super) fn head(title: &str, width: u16, height: u16) -> Vec<u8> {
    let ebml = [
        number(id::EBML_VERSION, 1),
        number(id::EBML_READ_VERSION, 1),
        number(id::EBML_MAX_ID_LENGTH, 4),
        number(id::EBML_MAX_SIZE_LENGTH, 8),
        element(id::DOC_TYPE, b"matroska"),
        number(id::DOC_TYPE_VERSION, 4),
        number(id::DOC_TYPE_READ_VERSION, 2),
    ];
    let info = [
        number(id::TIMESTAMP_SCALE, 1_000_000),
        element(id::TITLE, title.as_bytes()),
        element(id::MUXING_APP, b"Rookery"),
        element(id::WRITING_APP, concat!("Rookery ", env!("CARGO_PKG_VERSION")).as_bytes()),
    ];
    let video = [number(id::PIXEL_WIDTH, width.into()), number(id::PIXEL_HEIGHT, height.into())];
    let track = [
        number(id::TRACK_NUMBER, 1),
        number(id::TRACK_UID, 1),
        number(id::TRACK_TYPE, 1),
        number(id::FLAG_LACING, 0),
        element(id::CODEC_ID, b"V_MJPEG"),
        element(id::VIDEO, &video.concat()),
    ];
    let mut head = element(id::EBML, &ebml.concat());
    put_id(&mut head, id::SEGMENT);
    // Of unknown size: it ends with the file.
    head.extend_from_slice(&[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    head.extend(element(id::INFO, &info.concat()));
    head.extend(element(id::TRACKS, &element(id::TRACK_ENTRY, &track.concat())));
    head
}

/// Pictures that follow each other closely enough to stand together.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    began: Option<Duration>,
    blocks: Vec<u8>,
}

impl Cluster {
    /// Takes a picture to be shown from `at` on, counted from the beginning of the film. `false`: it is too late for
    /// this cluster.
    pub(super) fn push(&mut self, at: Duration, jpeg: &[u8]) -> bool {
        let since = at.saturating_sub(*self.began.get_or_insert(at));
        let Some(since) = i16::try_from(since.as_millis()).ok().filter(|_| since <= LONGEST) else {
            return false;
        };
        put_id(&mut self.blocks, id::SIMPLE_BLOCK);
        put_size(&mut self.blocks, 4 + jpeg.len());
        // The track, the time, and that it needs no other picture.
        self.blocks.push(0x81);
        self.blocks.extend_from_slice(&since.to_be_bytes());
        self.blocks.push(0x80);
        self.blocks.extend_from_slice(jpeg);
        true
    }

    pub(super) fn bytes(&self) -> usize {
        self.blocks.len()
    }

    /// Writes it behind what is there, and begins anew.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let Self { began: Some(began), blocks } = std::mem::take(self) else { return };
        let time = number(id::TIMESTAMP, u64::try_from(began.as_millis()).unwrap_or(u64::MAX));
        put_id(out, id::CLUSTER);
        put_size(out, time.len() + blocks.len());
        out.extend(time);
        out.extend(blocks);
    }
}

fn element(id: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 12);
    put_id(&mut out, id);
    put_size(&mut out, content.len());
    out.extend_from_slice(content);
    out
}

fn number(id: u32, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let first = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len() - 1);
    element(id, &bytes[first..])
}

/// An id brings its length along in its first bits.
fn put_id(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    let first = bytes.iter().position(|b| *b != 0).unwrap_or(0);
    out.extend_from_slice(&bytes[first..]);
}

/// Always in eight bytes.
fn put_size(out: &mut Vec<u8>, size: usize) {
    out.extend_from_slice(&(size as u64 | 1 << 56).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_written_as_the_format_has_them() {
        assert_eq!(number(id::TRACK_NUMBER, 1), [0xD7, 1, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(number(id::FLAG_LACING, 0), [0x9C, 1, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(number(id::PIXEL_WIDTH, 1280)[9..], [0x05, 0x00]);
        assert_eq!(element(id::DOC_TYPE, b"ab"), [0x42, 0x82, 1, 0, 0, 0, 0, 0, 0, 2, b'a', b'b']);
    }

    #[test]
    fn a_cluster_holds_pictures_of_half_a_minute() {
        let at = Duration::from_millis;
        let mut cluster = Cluster::default();
        assert!(cluster.push(at(70_000), b"one"));
        assert!(cluster.push(at(70_250), b"two"));
        assert!(cluster.push(at(100_000), b"three"));
        assert!(!cluster.push(at(100_001), b"four"));
        let mut out = Vec::new();
        cluster.finish(&mut out);
        assert_eq!(out[..4], id::CLUSTER.to_be_bytes());
        assert_eq!(out.len(), 12 + u64::from_be_bytes(out[4..12].try_into().unwrap()) as usize - (1 << 56));
        assert_eq!(out[12..], [&number(id::TIMESTAMP, 70_000)[..], &out[out.len() - blocks()..]].concat());
        let two = &out[out.len() - blocks() + 16..];
        assert_eq!((two[0], &two[9..13], &two[13..16]), (0xA3, &[0x81, 0, 250, 0x80][..], &b"two"[..]));
        assert_eq!(cluster.bytes(), 0);
        let mut nothing = Vec::new();
        cluster.finish(&mut nothing);
        assert!(nothing.is_empty(), "an empty one leaves no trace");
    }

    /// Three blocks: id, size, track, time, flags, picture.
    fn blocks() -> usize {
        3 * 13 + 3 + 3 + 5
    }
}
