//! What is under way in both directions of a connection: credit, order, and what is to be sent once more. Pure.

mod incoming;
mod outgoing;

use bus_schema::stream;

pub use self::{
    incoming::{Accepted, Incoming},
    outgoing::{Full, NotKept, Outgoing},
};

/// Sent and not yet passed on by the other side, at the most.
const CREDIT_BYTES: usize = 4 << 20;
/// The same in pieces, so that small ones do not outrun the subscription that takes them.
const CREDIT_PIECES: usize = 1_024;
/// What waits for the other side, or may have to be sent once more.
const BUFFER_BYTES: usize = 32 << 20;
/// After so much, or so many pieces, the other side is told that it was passed on, if nothing is sent that says so.
const ACK_BYTES: usize = CREDIT_BYTES / 8;
const ACK_PIECES: u64 = (CREDIT_PIECES / 8) as u64;
/// The largest message that is put together.
const MESSAGE_BYTES: usize = stream::MAX_ANSWER_BYTES + (1 << 20);

#[cfg(test)]
mod tests {
    use bus_schema::model::cdp::{CHUNK_BYTES, Chunk, Kind};
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn send_all(out: &mut Outgoing) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        while let Some(chunk) = out.peek(0) {
            out.sent();
            chunks.push(chunk);
        }
        chunks
    }

    #[test]
    fn credit_is_bytes_and_pieces() {
        let mut out = Outgoing::new(false);
        for _ in 0..2_000 {
            out.push(&Bytes::from_static(b"{}")).unwrap();
        }
        assert_eq!(send_all(&mut out).len(), CREDIT_PIECES);
        assert!(out.ack(10));
        assert!(!out.ack(10), "no news");
        assert_eq!(send_all(&mut out).len(), 10);

        let mut out = Outgoing::new(false);
        out.push(&Bytes::from(vec![b'x'; 6 << 20])).unwrap();
        assert_eq!(send_all(&mut out).len(), 8);
        assert_eq!(out.unacknowledged(), Some(8));
        assert!(!out.is_drained());
        out.ack(8);
        assert_eq!(send_all(&mut out).len(), 4);
        assert!(out.is_drained());
        out.ack(12);
        assert_eq!(out.unacknowledged(), None);
    }

    #[test]
    fn the_buffer_has_an_end_and_what_is_too_large_for_it_passes() {
        let mut out = Outgoing::new(false);
        let quarter = Bytes::from(vec![0; BUFFER_BYTES / 4]);
        for _ in 0..4 {
            out.push(&quarter).unwrap();
        }
        assert_eq!(out.push(&Bytes::from_static(b"x")), Err(Full));
        out.push(&Bytes::from(vec![0; BUFFER_BYTES + 1])).unwrap();
        while out.unacknowledged().is_some() || !out.is_drained() {
            send_all(&mut out);
            out.ack(u64::MAX);
        }
        out.push(&quarter).unwrap();

        let mut out = Outgoing::new(false);
        out.push(&Bytes::from(vec![0; BUFFER_BYTES + 1])).unwrap();
        send_all(&mut out);
        assert_eq!(out.again(3), Err(NotKept));
        assert_eq!(out.again(out.unacknowledged().unwrap() + 1), Ok(()));
    }

    #[test]
    fn a_gap_is_seen_and_mended() {
        let (mut out, mut inn) = (Outgoing::new(false), Incoming::default());
        for text in ["one", "two", "three"] {
            out.push(&Bytes::from_static(text.as_bytes())).unwrap();
        }
        let mut chunks = send_all(&mut out).into_iter();
        assert_eq!(inn.accept(chunks.next().unwrap()), Accepted::Message("one".into()));
        inn.taken();
        assert_eq!(inn.accept(chunks.nth(1).unwrap()), Accepted::Gap);
        out.ack(inn.ack());
        out.again(inn.expected()).unwrap();
        let again: Vec<Accepted> = send_all(&mut out).into_iter().map(|chunk| inn.accept(chunk)).collect();
        assert_eq!(again, [Accepted::Message("two".into()), Accepted::Message("three".into())]);
    }

    #[test]
    fn what_was_acknowledged_cannot_be_had_again() {
        let mut out = Outgoing::new(false);
        out.push(&Bytes::from_static(b"a")).unwrap();
        send_all(&mut out);
        out.ack(1);
        assert_eq!(out.again(1), Err(NotKept));
        assert_eq!(out.again(2), Ok(()));
    }

    fn numbered(n: u64, len: usize) -> Bytes {
        let mut message = n.to_be_bytes().to_vec();
        message.resize(len.max(8), 0);
        message.into()
    }

    #[test]
    fn another_socket_gets_what_the_last_did_not_pass_on_and_what_its_client_did_not_see() {
        let mut out = Outgoing::new(true);
        for n in 1..=6 {
            out.push(&numbered(n, if n == 4 { 2 * CHUNK_BYTES } else { 9 })).unwrap();
        }
        send_all(&mut out);
        out.ack(5);
        out.seen(2);
        assert_eq!(out.unacknowledged(), Some(7));
        assert_eq!(out.again(5), Err(NotKept), "acknowledged is acknowledged");
        assert_eq!(out.resume(1), Err(NotKept), "seen is seen");
        assert_eq!(out.resume(7), Err(NotKept), "nobody has what was never sent");
        out.resume(3).unwrap();
        let chunks = send_all(&mut out);
        assert_eq!(chunks.iter().map(|chunk| chunk.n).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(chunks[0].data[..8], 4u64.to_be_bytes());
        // A second time, and behind all there is.
        out.ack(2);
        out.resume(4).unwrap();
        assert_eq!(send_all(&mut out)[0].data[..8], 5u64.to_be_bytes());
        out.resume(6).unwrap();
        assert_eq!((send_all(&mut out), out.unacknowledged()), (vec![], None));
        out.push(&numbered(7, 9)).unwrap();
        assert_eq!(send_all(&mut out)[0].n, 1);
    }

    #[test]
    fn what_is_kept_for_another_socket_gives_way_to_what_waits() {
        let mut out = Outgoing::new(true);
        let quarter = Bytes::from(vec![0; BUFFER_BYTES / 4]);
        for n in 0..20 {
            out.push(&quarter).unwrap_or_else(|e| panic!("{n}: {e}"));
            while !send_all(&mut out).is_empty() {
                out.ack(u64::MAX);
            }
        }
        assert_eq!(out.resume(15), Err(NotKept));
        out.resume(16).unwrap();

        let mut out = Outgoing::new(true);
        out.push(&Bytes::from(vec![0; BUFFER_BYTES + 1])).unwrap();
        out.push(&quarter).unwrap();
        send_all(&mut out);
        assert_eq!(out.resume(0), Err(NotKept), "too large to be kept");
    }

    #[test]
    fn a_message_that_was_cut_in_two_is_counted_once_it_is_whole() {
        let (mut out, mut inn) = (Outgoing::new(true), Incoming::default());
        out.push(&numbered(1, 9)).unwrap();
        out.push(&numbered(2, 2 * CHUNK_BYTES)).unwrap();
        let chunks = send_all(&mut out);
        for chunk in chunks.into_iter().take(2) {
            inn.accept(chunk);
            inn.taken();
        }
        assert_eq!(inn.messages(), 1);
        inn.restart();
        out.resume(inn.messages()).unwrap();
        let mut messages = send_all(&mut out).into_iter().map(|chunk| inn.accept(chunk));
        assert_eq!(messages.next(), Some(Accepted::Nothing));
        assert_eq!(messages.next(), Some(Accepted::Message(numbered(2, 2 * CHUNK_BYTES))));
        assert_eq!(inn.messages(), 2);
    }

    #[test]
    fn who_takes_much_says_so() {
        let mut inn = Incoming::default();
        let piece = |n, len| Chunk {
            kind: Kind::Data,
            n,
            part: 0,
            last: true,
            ack: 0,
            data: Bytes::from(vec![0; len]),
        };
        inn.accept(piece(1, ACK_BYTES));
        assert!(!inn.owes(), "not passed on yet");
        inn.taken();
        assert!(inn.owes());
        inn.told();
        assert!(!inn.owes());
        for n in 0..ACK_PIECES {
            inn.accept(piece(2 + n, 1));
            inn.taken();
        }
        assert!(inn.owes());
    }

    proptest! {
        #[test]
        fn whatever_is_lost_on_the_way_arrives_once_and_in_order(
            sizes in prop::collection::vec(prop_oneof![0usize..9, CHUNK_BYTES - 1..CHUNK_BYTES * 3], 1..12),
            luck in prop::collection::vec(any::<bool>(), 64),
        ) {
            let messages: Vec<Bytes> = sizes.iter().enumerate().map(|(i, n)| vec![i as u8; *n].into()).collect();
            let (mut out, mut inn) = (Outgoing::new(false), Incoming::default());
            for message in &messages {
                out.push(message).unwrap();
            }
            let mut arrived = Vec::new();
            let mut luck = luck.into_iter().chain(std::iter::repeat(true));
            while arrived.len() < messages.len() {
                for chunk in send_all(&mut out) {
                    if !luck.next().unwrap_or(true) {
                        continue;
                    }
                    if let Accepted::Message(message) = inn.accept(chunk) {
                        arrived.push(message);
                        inn.taken();
                    }
                }
                out.ack(inn.ack());
                out.again(inn.expected()).unwrap();
            }
            prop_assert_eq!(arrived, messages);
        }

        #[test]
        fn whatever_sockets_break_a_client_has_everything_once_and_in_order(
            sizes in prop::collection::vec(prop_oneof![0usize..9, CHUNK_BYTES - 1..CHUNK_BYTES * 2], 1..12),
            luck in prop::collection::vec(0u8..8, 64),
        ) {
            let messages: Vec<Bytes> = sizes.iter().enumerate().map(|(i, n)| vec![i as u8; *n].into()).collect();
            let mut out = Outgoing::new(true);
            for message in &messages {
                out.push(message).unwrap();
            }
            let mut client: Vec<Bytes> = Vec::new();
            let mut luck = luck.into_iter().chain(std::iter::repeat(1));
            while client.len() < messages.len() {
                // One socket, until it breaks: what the edge has acknowledged may not have reached its client.
                let mut edge = Incoming::default();
                let mut broken = false;
                for chunk in send_all(&mut out) {
                    match luck.next() {
                        Some(0) => { broken = true; }
                        Some(2) => out.seen(edge.ack()),
                        _ => {}
                    }
                    if broken {
                        break;
                    }
                    let last = chunk.last;
                    if let Accepted::Message(message) = edge.accept(chunk) {
                        client.push(message);
                    }
                    edge.taken();
                    if last { out.ack(edge.ack()); }
                }
                out.resume(client.len() as u64).unwrap();
            }
            prop_assert_eq!(client, messages);
        }
    }
}
