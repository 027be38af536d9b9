//! What a person sees and does, each program of `tests/clients` in a browser that looks at the edge's own pages.

use nix::sys::signal::Signal;
use serde_json::json;

use super::{
    built, node,
    support::{Fleet, fleet::signal},
};

/// The page of a product that embeds the view.
const PRODUCT: &str = "https://product.example";

#[tokio::test]
async fn what_a_person_does_reaches_the_page() {
    built::check();
    let fleet = Fleet::start().await;
    node::run("view-input.mjs", &[&fleet.base]).await;
}

#[tokio::test]
async fn a_person_watches_and_drives_a_session_to_its_end() {
    built::check();
    let fleet = Fleet::start().await;
    node::run("view-session.mjs", &[&fleet.base]).await;
}

#[tokio::test]
async fn what_the_edge_notes_is_shown_and_answered() {
    built::check();
    let fleet = Fleet::start().await;
    node::run("view-notes.mjs", &[&fleet.base]).await;
}

#[tokio::test]
async fn a_page_of_another_origin_embeds_the_view() {
    built::check();
    let fleet = Fleet::with(&["--slots", "1", "--warm", "0", "--allowed-origins", PRODUCT]).await;
    node::run("view-embed.mjs", &[&fleet.base, PRODUCT]).await;
}

#[tokio::test]
async fn a_view_comes_back_with_its_edge() {
    built::check();
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut edge = fleet.edge().await;
    let (base, address) = (edge.base.clone(), edge.address().to_owned());
    let restart = async {
        edge.kill();
        // Held until the program has seen what it waits for.
        edge = fleet.edge_with(&["--http", &address]).await;
    };
    node::run_and("view-restart.mjs", &[&base, &fleet.base, &id], "watching", restart).await;
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_person_takes_over_from_scripts_and_agents_which_go_on() {
    built::check();
    let fleet = Fleet::start().await;
    node::run("view-handover.mjs", &[&fleet.base]).await;
}

#[tokio::test]
async fn a_browser_that_is_lost_under_its_viewer_comes_back() {
    built::check();
    let fleet = Fleet::start().await;
    let page = json!({ "url": format!("{}/demo/second.html", fleet.base) });
    let id = fleet.session_with(page).await;
    let kill = async {
        for browser in fleet.browsers() {
            signal(browser, Signal::SIGKILL);
        }
    };
    node::run_and("view-lost.mjs", &[&fleet.base, &id], "watching", kill).await;
    fleet.end(&id).await;
}

#[tokio::test]
async fn every_page_can_be_used_by_whoever_cannot_see_it_well() {
    built::check();
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    node::run("accessibility.mjs", &[&fleet.base, &id]).await;
    fleet.end(&id).await;
}
