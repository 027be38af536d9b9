//! What a person sees and does, each program of `tests/clients` in a browser that looks at the edge's own pages.

use super::{built, node, support::Fleet};

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
