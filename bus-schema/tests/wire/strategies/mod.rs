//! Arbitrary valid values of everything that is on the bus.

pub mod command;
pub mod create;
pub mod messages;

use bus_schema::{ConnId, Pool, Region, SessionId, Tenant, WorkerId, model::time::Timestamp};
use proptest::{collection::vec, prelude::*};

/// Any text, control characters included.
pub fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..12).prop_map(String::from_iter)
}

/// Text that may stand in a header or a name.
pub fn line() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

pub fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..4)
}

/// Any finite number.
pub fn number() -> impl Strategy<Value = f64> {
    use proptest::num::f64;
    f64::POSITIVE | f64::NEGATIVE | f64::NORMAL | f64::SUBNORMAL | f64::ZERO
}

/// A number within `0..=max`.
pub fn positive(max: u32) -> impl Strategy<Value = f64> {
    (0..=max * 64).prop_map(|n| f64::from(n) / 64.0)
}

pub fn url() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("about:blank".to_owned()),
        "https?://[a-z]{1,8}\\.test(:[1-9][0-9]{1,3})?/[a-zä?&=]{0,8}",
        "data:text/html,[a-z]{0,8}",
    ]
}

/// Years 0 to 9999.
pub fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (-62_167_219_200_000..=253_402_300_799_999i64).prop_map(Timestamp),
        Just(Timestamp(0)),
        Just(Timestamp(253_402_300_799_999)),
    ]
}

pub fn region() -> impl Strategy<Value = Region> {
    "[A-Za-z0-9_-]{1,32}".prop_map(|s| Region::new(s).unwrap())
}

pub fn pool() -> impl Strategy<Value = Pool> {
    "[A-Za-z0-9_-]{1,32}".prop_map(|s| Pool::new(s).unwrap())
}

pub fn tenant() -> impl Strategy<Value = Tenant> {
    "[A-Za-z0-9_-]{1,64}".prop_map(|s| Tenant::new(s).unwrap())
}

pub fn conn() -> impl Strategy<Value = ConnId> {
    "[A-Za-z0-9_-]{1,64}".prop_map(|s| ConnId::new(s).unwrap())
}

pub fn worker_id() -> impl Strategy<Value = WorkerId> {
    "[A-Za-z0-9_-]{1,64}".prop_map(|s| WorkerId::new(s).unwrap())
}

pub fn session_id() -> impl Strategy<Value = SessionId> {
    (region(), any::<[u8; 16]>()).prop_map(|(region, unique)| SessionId::derived(region, unique))
}

pub fn one_of<T: Clone + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(values)
}

/// JSON that anybody may pass along.
pub fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        number().prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}
