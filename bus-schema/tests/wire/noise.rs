use bus_schema::{
    ErrorCode,
    codec::{Encoding, Message},
    model::{
        input::InputBatch,
        rpc::{OwnerReply, OwnerRequest, ViewBeat, WorkRequest, WorkerReply, WorkerRequest},
    },
};
use proptest::{collection::vec, prelude::*};

use super::strategies::messages;

/// Whatever `bytes` are, they are read as something that can be written again, or refused with one of `codes`.
fn survives<M: Message + PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    codes: &[ErrorCode],
) -> Result<(), TestCaseError> {
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        match M::decode(bytes, encoding) {
            Ok(message) => {
                let again = M::decode(&message.encode(Encoding::Protobuf), Encoding::Protobuf);
                prop_assert_eq!(again.as_ref(), Ok(&message));
            }
            Err(e) => prop_assert!(codes.contains(&e.code), "{:?}: {:?}", encoding, e),
        }
    }
    Ok(())
}

const REQUEST: &[ErrorCode] = &[ErrorCode::InvalidArgument, ErrorCode::Forbidden];
const REPLY: &[ErrorCode] = &[ErrorCode::Internal];

fn every_message_survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    survives::<WorkRequest>(bytes, REQUEST)?;
    survives::<OwnerRequest>(bytes, REQUEST)?;
    survives::<WorkerRequest>(bytes, REQUEST)?;
    survives::<InputBatch>(bytes, REQUEST)?;
    survives::<ViewBeat>(bytes, REQUEST)?;
    survives::<WorkerReply>(bytes, REPLY)?;
    survives::<OwnerReply>(bytes, REPLY)
}

#[derive(Clone, Debug)]
enum Damage {
    Flip(usize, u8),
    Insert(usize, u8),
    Remove(usize),
    Cut(usize),
    Repeat(usize, usize),
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let at = any::<usize>;
    let one = prop_oneof![
        4 => (at(), 1..=255u8).prop_map(|(i, b)| Damage::Flip(i, b)),
        2 => (at(), any::<u8>()).prop_map(|(i, b)| Damage::Insert(i, b)),
        2 => at().prop_map(Damage::Remove),
        1 => at().prop_map(Damage::Cut),
        1 => (at(), at()).prop_map(|(i, n)| Damage::Repeat(i, n)),
    ];
    vec(one, 1..5)
}

fn damaged(mut bytes: Vec<u8>, damage: &[Damage]) -> Vec<u8> {
    for d in damage {
        if bytes.is_empty() {
            break;
        }
        let len = bytes.len();
        match *d {
            Damage::Flip(i, mask) => bytes[i % len] ^= mask,
            Damage::Insert(i, b) => bytes.insert(i % len, b),
            Damage::Remove(i) => drop(bytes.remove(i % len)),
            Damage::Cut(i) => bytes.truncate(i % len),
            Damage::Repeat(i, n) => {
                let from = i % len;
                let part = bytes[from..from + n % (len - from)].to_vec();
                bytes.splice(from..from, part);
            }
        }
    }
    bytes
}

/// A valid message of any kind in any encoding.
fn valid() -> impl Strategy<Value = Vec<u8>> {
    let protobuf = prop_oneof![Just(Encoding::Protobuf), Just(Encoding::Json)];
    (
        prop_oneof![
            messages::work_request().prop_map(encoded).boxed(),
            messages::owner_request().prop_map(encoded).boxed(),
            messages::worker_request().prop_map(encoded).boxed(),
            messages::input_batch().prop_map(encoded).boxed(),
            messages::view_beat().prop_map(encoded).boxed(),
            messages::worker_reply().prop_map(encoded).boxed(),
            messages::owner_reply().prop_map(encoded).boxed(),
        ],
        protobuf,
    )
        .prop_map(|([protobuf, json], encoding)| match encoding {
            Encoding::Protobuf => protobuf,
            Encoding::Json => json,
        })
}

fn encoded<M: Message>(message: M) -> [Vec<u8>; 2] {
    [message.encode(Encoding::Protobuf).to_vec(), message.encode(Encoding::Json).to_vec()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn random_bytes_are_refused(bytes in vec(any::<u8>(), 0..256)) {
        every_message_survives(&bytes)?;
    }

    #[test]
    fn damaged_messages_are_read_or_refused(bytes in valid(), damage in damage()) {
        every_message_survives(&damaged(bytes, &damage))?;
    }
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{{\"verb\":\"inspect\",\"x\":{}", "[".repeat(100_000));
    let e = OwnerRequest::decode(deep.as_bytes(), Encoding::Json).unwrap_err();
    assert_eq!(e.code, ErrorCode::InvalidArgument);
    // Groups within groups, which no message here has, are what could nest in protobuf.
    let groups = [0x0b; 100_000];
    let e = OwnerRequest::decode(&groups, Encoding::Protobuf).unwrap_err();
    assert_eq!(e.code, ErrorCode::InvalidArgument);
}

#[test]
fn the_size_of_a_request_is_bounded() {
    let large = vec![0; (1 << 20) + 1];
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let e = InputBatch::decode(&large, encoding).unwrap_err();
        assert_eq!(e.code, ErrorCode::PayloadTooLarge);
    }
}

#[test]
fn an_error_is_small_however_long_the_names_in_the_request() {
    let name = "ä".repeat(200_000);
    let json = format!("{{\"verb\":\"inspect\",\"{name}\":1}}");
    let e = OwnerRequest::decode(json.as_bytes(), Encoding::Json).unwrap_err();
    assert!(e.detail.starts_with("unknown field `ää"), "{}", &e.detail[..40]);
    assert!(e.detail.len() + e.field.unwrap().len() < 10_000);
}
