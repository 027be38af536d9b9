//! Fixtures in `tests/golden`: of each message some examples as JSON, and the protobuf they must give, as hex.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::PathBuf,
};

use bus_schema::{
    codec::{Encoding, Message},
    model::{
        command::Command,
        input::InputBatch,
        rpc::{OwnerReply, OwnerRequest, ViewBeat, WorkRequest, WorkerReply, WorkerRequest},
    },
};
use serde_json::Value;

const HOW: &str = "The wire form has changed. Bytes that other releases wrote must stay readable: fields are added, \
    never reused. If it is meant, run `ROOKERY_WRITE_GOLDEN=1 cargo test -p bus-schema --test wire golden` and \
    review the difference.";

fn path(message: &str, extension: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{message}.{extension}"))
}

fn examples(message: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(&fs::read_to_string(path(message, "json")).unwrap()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for line in bytes.chunks(40) {
        for byte in line {
            write!(out, "{byte:02x}").unwrap();
        }
        out.push('\n');
    }
    out
}

/// `name:` on a line of its own, then lines of hex.
fn parse(file: &str) -> BTreeMap<String, Vec<u8>> {
    let mut sections = BTreeMap::<String, Vec<u8>>::new();
    let mut name = String::new();
    for line in file.lines() {
        if let Some(section) = line.strip_suffix(':') {
            name = section.to_owned();
            sections.entry(name.clone()).or_default();
        } else {
            let bytes = (0..line.len()).step_by(2).map(|i| u8::from_str_radix(&line[i..i + 2], 16).unwrap());
            sections.get_mut(&name).unwrap().extend(bytes);
        }
    }
    sections
}

fn check<M: Message + PartialEq + std::fmt::Debug>(file: &str) {
    let examples = examples(file);
    let mut json = serde_json::Map::new();
    let mut protobuf = String::new();
    for (name, example) in &examples {
        let message = M::decode(example.to_string().as_bytes(), Encoding::Json)
            .unwrap_or_else(|e| panic!("{file}, {name}: {e:?}"));
        let written = serde_json::from_slice::<Value>(&message.encode(Encoding::Json)).unwrap();
        json.insert(name.clone(), written);
        write!(protobuf, "{name}:\n{}", hex(&message.encode(Encoding::Protobuf))).unwrap();
    }
    if std::env::var_os("ROOKERY_WRITE_GOLDEN").is_some() {
        fs::write(path(file, "json"), serde_json::to_string_pretty(&json).unwrap() + "\n").unwrap();
        fs::write(path(file, "hex"), &protobuf).unwrap();
        return;
    }
    let golden = fs::read_to_string(path(file, "hex")).unwrap();
    for (name, bytes) in parse(&golden) {
        let example = examples[&name].to_string();
        let old = M::decode(&bytes, Encoding::Protobuf).unwrap_or_else(|e| panic!("{name}: {e:?}. {HOW}"));
        assert_eq!(old, M::decode(example.as_bytes(), Encoding::Json).unwrap(), "{name}. {HOW}");
    }
    assert_eq!(protobuf, golden, "{file}. {HOW}");
    for (name, example) in &examples {
        assert_eq!(&json[name], example, "{file}, {name} as JSON. {HOW}");
    }
}

#[test]
fn work_request() {
    check::<WorkRequest>("work_request");
}

#[test]
fn owner_request() {
    check::<OwnerRequest>("owner_request");
}

#[test]
fn owner_reply() {
    check::<OwnerReply>("owner_reply");
}

#[test]
fn worker_request() {
    check::<WorkerRequest>("worker_request");
}

#[test]
fn worker_reply() {
    check::<WorkerReply>("worker_reply");
}

#[test]
fn input_batch() {
    check::<InputBatch>("input_batch");
}

#[test]
fn view_beat() {
    check::<ViewBeat>("view_beat");
}

#[test]
fn every_verb_and_action_has_an_example() {
    let examples = examples("owner_request");
    let told = |path: &str| -> BTreeSet<String> {
        examples.values().filter_map(|e| e.pointer(path)?.as_str().map(str::to_owned)).collect()
    };
    let known = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|&n| n.to_owned()).collect() };
    assert_eq!(told("/verb"), known(OwnerRequest::VERBS));
    // `control` has actions of its own.
    let missing: Vec<String> =
        known(Command::ACTIONS).difference(&told("/request/action")).cloned().collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
}
