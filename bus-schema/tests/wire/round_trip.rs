use std::collections::BTreeSet;

use bus_schema::{
    codec::{Encoding, Message},
    model::{
        command::Command,
        rpc::{OwnerRequest, Run},
        time::Timestamp,
    },
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::strategies::{command, messages};

fn both_ways<M: Message + PartialEq + std::fmt::Debug>(message: &M) -> Result<(), TestCaseError> {
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let bytes = message.encode(encoding);
        let read = M::decode(&bytes, encoding)
            .map_err(|e| TestCaseError::fail(format!("{encoding:?}: {e:?}: {bytes:?}")))?;
        prop_assert_eq!(&read, message, "{:?}", encoding);
    }
    Ok(())
}

proptest! {
    #[test]
    fn work_requests(message in messages::work_request()) {
        both_ways(&message)?;
    }

    #[test]
    fn owner_requests(message in messages::owner_request()) {
        both_ways(&message)?;
    }

    #[test]
    fn owner_replies(message in messages::owner_reply()) {
        both_ways(&message)?;
    }

    #[test]
    fn worker_requests(message in messages::worker_request()) {
        both_ways(&message)?;
    }

    #[test]
    fn worker_replies(message in messages::worker_reply()) {
        both_ways(&message)?;
    }

    #[test]
    fn input_batches(message in messages::input_batch()) {
        both_ways(&message)?;
    }

    #[test]
    fn view_beats(message in messages::view_beat()) {
        both_ways(&message)?;
    }
}

/// Among many actions one may be drawn seldom, so each has its turn here.
#[test]
fn every_action() {
    let mut seen = BTreeSet::new();
    for strategy in command::actions() {
        let mut runner = TestRunner::new(ProptestConfig::with_cases(64));
        seen.insert(strategy.new_tree(&mut runner).unwrap().current().action());
        runner
            .run(&command::with_options(strategy), |request| {
                both_ways(&OwnerRequest::Run(Run { request, deadline: Timestamp(0), conn: None }))
            })
            .unwrap();
    }
    let all: BTreeSet<&str> = Command::ACTIONS.iter().copied().collect();
    assert_eq!(seen, all, "each action needs a strategy");
}

#[test]
fn the_encoding_is_told_by_the_content_type() {
    for (content_type, encoding) in [
        (None, Encoding::Protobuf),
        (Some("application/json"), Encoding::Json),
        (Some("Application/JSON; charset=utf-8"), Encoding::Json),
        (Some("application/protobuf"), Encoding::Protobuf),
    ] {
        assert_eq!(Encoding::of(content_type), encoding, "{content_type:?}");
    }
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        assert_eq!(Encoding::of(encoding.content_type()), encoding);
    }
}
