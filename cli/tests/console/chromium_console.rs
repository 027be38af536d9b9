//! Each page of the console, by what a person does there.

use super::{built, node, support::Fleet};

async fn visit(program: &str, arguments: &[&str]) {
    built::check();
    let fleet = Fleet::with(arguments).await;
    node::run(program, &[&fleet.base]).await;
}

#[tokio::test]
async fn sessions_are_listed_found_made_watched_and_ended() {
    visit("console-sessions.mjs", &["--slots", "4", "--warm", "1"]).await;
}

#[tokio::test]
async fn a_session_is_followed_driven_and_seen_to_its_end() {
    visit("console-session.mjs", &["--slots", "2", "--warm", "0"]).await;
}

#[tokio::test]
async fn the_fleet_is_seen_and_drained_and_programs_told_how_to_connect() {
    visit("console-fleet.mjs", &["--slots", "1", "--warm", "0"]).await;
}

#[tokio::test]
async fn thousands_of_sessions_are_listed_without_stutter() {
    visit("console-many.mjs", &["--simulated", "--slots", "2500", "--warm", "0"]).await;
}

#[tokio::test]
async fn with_tokens_there_is_a_way_in_and_out() {
    visit("console-login.mjs", &["--slots", "1", "--warm", "0", "--token", "open-sesame"]).await;
}
