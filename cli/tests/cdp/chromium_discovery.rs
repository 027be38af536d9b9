//! What a debugging port tells over HTTP, and clients that ask for it.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    node,
    raw::Raw,
    support::{Fleet, fleet::Gateway, until},
};

async fn answer(gateway: &Gateway, method: Method, path: &str) -> (u16, String) {
    let answer = gateway.request(method, path).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn json_of(gateway: &Gateway, path: &str) -> Value {
    let (status, text) = answer(gateway, Method::GET, path).await;
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

async fn sessions(fleet: &Fleet) -> usize {
    fleet.get("/v1/sessions?state=ready").await.ok()["sessions"].as_array().unwrap().len()
}

#[tokio::test]
async fn before_there_is_a_session_it_tells_where_to_get_one_and_takes_none() {
    let fleet = Fleet::with(&["--cdp-listen", "127.0.0.1:0", "--slots", "1", "--warm", "1"]).await;
    let version = until("a browser that has run", || async {
        let version = json_of(&fleet, "/json/version").await;
        if version["Browser"] != "" { Ok(version) } else { Err(version.to_string()) }
    })
    .await;
    let address = fleet.address();
    assert_eq!(version["webSocketDebuggerUrl"], format!("ws://{address}/cdp"));
    assert_eq!(version["Protocol-Version"], "1.3");
    for (name, part) in [
        ("Browser", "Chrome/"),
        ("User-Agent", "Mozilla/"),
        ("V8-Version", "."),
        ("WebKit-Version", "537.36 (@"),
    ] {
        assert!(version[name].as_str().unwrap().contains(part), "{version}");
    }
    let options = "token=t&name=found&viewport.width=800&viewport.height=600";
    for slash in ["", "/"] {
        let version = json_of(&fleet, &format!("/json/version{slash}?{options}")).await;
        assert_eq!(version["webSocketDebuggerUrl"], format!("ws://{address}/cdp?{options}"));
        for list in ["/json", "/json/list"] {
            let list = json_of(&fleet, &format!("{list}{slash}?{options}")).await;
            let url = format!("ws://{address}/devtools/page/new?{options}");
            assert_eq!(
                list,
                json!([{ "id": "new", "type": "page", "title": "found", "description": "",
                "url": "about:blank", "webSocketDebuggerUrl": url }])
            );
        }
        let (status, text) = answer(&fleet, Method::GET, &format!("/json/new{slash}")).await;
        let unsafe_verb =
            "Using unsafe HTTP verb GET to invoke /json/new. This action supports only PUT verb.";
        assert_eq!((status, text.as_str()), (405, unsafe_verb));
        let protocol = json_of(&fleet, &format!("/json/protocol{slash}")).await;
        assert!(protocol["domains"].as_array().unwrap().iter().any(|domain| domain["domain"] == "Page"));
    }
    let (_, made) =
        answer(&fleet, Method::PUT, "/json/new?name=found&data:text/html,<title>new</title>").await;
    let made: Value = serde_json::from_str(&made).unwrap();
    let url = "data:text/html,%3Ctitle%3Enew%3C/title%3E";
    assert_eq!(made["url"].as_str().unwrap().replace('<', "%3C").replace('>', "%3E"), url);
    let proxied = fleet.request(Method::GET, "/json/version").header("x-forwarded-proto", "https");
    let proxied: Value = proxied.header("host", "localhost:444").send().await.unwrap().json().await.unwrap();
    assert_eq!(proxied["webSocketDebuggerUrl"], "wss://localhost:444/cdp");
    let port = fleet.cdp.clone().unwrap();
    let there = fleet.http.get(format!("http://{port}/json/version/")).send().await.unwrap();
    let there: Value = there.json().await.unwrap();
    assert_eq!(there["webSocketDebuggerUrl"], format!("ws://{port}/cdp"));
    assert_eq!(sessions(&fleet).await, 0, "only a WebSocket takes a browser");

    let mut client = Raw::open(made["webSocketDebuggerUrl"].as_str().unwrap()).await;
    let title = json!({ "expression": "document.title" });
    assert_eq!(client.result(None, "Runtime.evaluate", title).await["result"]["value"], "new");
    let session = fleet.get("/v1/sessions?state=ready").await.ok()["sessions"][0].clone();
    assert_eq!(session["name"], "found");
    client.stream.close(None).await.unwrap();
    assert_eq!(fleet.ended(session["id"].as_str().unwrap()).await["end_reason"], "client_gone");
}

#[tokio::test]
async fn of_a_session_it_tells_the_pages_that_there_are() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let (address, base) = (fleet.address(), format!("/v1/sessions/{id}"));
    let version = json_of(&fleet, &format!("{base}/json/version/?token=t")).await;
    assert_eq!(version["webSocketDebuggerUrl"], format!("ws://{address}{base}/cdp?token=t"));
    let page = "data:text/html,<title>second</title>";
    let (status, made) = answer(&fleet, Method::PUT, &format!("{base}/json/new?token=t&{page}")).await;
    assert_eq!(status, 200, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!((&made["title"], &made["type"]), (&"second".into(), &"page".into()));
    let list = json_of(&fleet, &format!("{base}/json?token=t")).await;
    assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
    assert_eq!(list[1], made);
    let target = made["id"].as_str().unwrap().to_owned();
    let tabs = fleet.get(&format!("{base}/tabs")).await.ok();
    assert_eq!(tabs["tabs"][1]["target"], target);
    let url = format!("ws://{address}{base}/devtools/page/{target}?token=t");
    assert_eq!(made["webSocketDebuggerUrl"], url);

    let mut client = Raw::open(&url).await;
    let title = json!({ "expression": "document.title" });
    assert_eq!(client.result(None, "Runtime.evaluate", title).await["result"]["value"], "second");
    let activated = answer(&fleet, Method::GET, &format!("{base}/json/activate/{target}")).await;
    assert_eq!(activated, (200, "Target activated".to_owned()));
    let closed = answer(&fleet, Method::GET, &format!("{base}/json/close/{target}")).await;
    assert_eq!(closed, (200, "Target is closing".to_owned()));
    assert_eq!(client.event("Inspector.detached").await["params"]["reason"], "target_closed");
    assert_eq!(client.closed().await, (1000, "the page is gone".to_owned()));
    assert_eq!(fleet.shown(&id).await["state"], "ready");
    let mut browser = Raw::open(&format!("ws://{address}{base}/devtools/browser/{target}")).await;
    assert!(!browser.result(None, "Target.getTargets", json!({})).await["targetInfos"].is_null());
    fleet.end(&id).await;
}

#[tokio::test]
async fn a_client_of_a_page_comes_back_to_that_page() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let base = format!("/v1/sessions/{id}");
    let list = json_of(&fleet, &format!("{base}/json/list")).await;
    let url = list[0]["webSocketDebuggerUrl"].as_str().unwrap();
    let mut client = Raw::open(url).await;
    let set = json!({ "expression": "window.mine = 7" });
    client.result(None, "Runtime.evaluate", set).await;
    let query = client.breaks();
    let mut client = Raw::open(&format!("{url}?{query}")).await;
    assert_eq!(client.headers["rookery-received"], "1");
    let get = json!({ "expression": "window.mine" });
    assert_eq!(client.result(None, "Runtime.evaluate", get).await["result"]["value"], 7);
    fleet.end(&id).await;
}

#[tokio::test]
async fn what_another_client_made_is_neither_listed_nor_to_be_had() {
    let fleet = Fleet::start().await;
    let id = fleet.session().await;
    let mut owner = Raw::attach(&fleet, &id).await;
    let context =
        owner.result(None, "Target.createBrowserContext", json!({})).await["browserContextId"].clone();
    let create = json!({ "url": "about:blank", "browserContextId": context });
    let hidden =
        owner.result(None, "Target.createTarget", create).await["targetId"].as_str().unwrap().to_owned();
    until("the tab of the client", || async {
        let tabs = fleet.get(&format!("/v1/sessions/{id}/tabs")).await.ok()["tabs"].clone();
        if tabs.as_array().unwrap().len() == 2 { Ok(()) } else { Err(tabs.to_string()) }
    })
    .await;
    let base = format!("/v1/sessions/{id}");
    let list = json_of(&fleet, &format!("{base}/json/list")).await;
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    for path in [format!("activate/{hidden}"), format!("close/{hidden}"), "close/none".to_owned()] {
        let (status, text) = answer(&fleet, Method::GET, &format!("{base}/json/{path}")).await;
        assert!(status == 404 && text.contains("No such target id"), "{path}: {status} {text}");
    }
    for target in [hidden.as_str(), "0123456789ABCDEF0123456789ABCDEF", "x", "%00"] {
        let url = format!("ws://{}{base}/devtools/page/{target}", fleet.address());
        assert_eq!(refused(&url).await, (404, "not_found".to_owned()), "{target}");
    }
    owner.result(None, "Target.getTargets", json!({})).await;
    fleet.end(&id).await;
}

/// The status and the code of a refusal before the upgrade.
async fn refused(url: &str) -> (u16, String) {
    match tokio_tungstenite::connect_async(url).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
            (response.status().as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
        }
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_before_a_browser_is_taken() {
    let fleet = Fleet::start().await;
    let edge = fleet.edge_with(&["--token", "opensesame", "--cdp-listen", "127.0.0.1:0"]).await;
    let id = fleet.session().await;
    let of_id = format!("/v1/sessions/{id}");
    for path in
        ["/json/version", "/json/list", "/json/", &format!("{of_id}/json/version"), &format!("{of_id}/json")]
    {
        edge.get(path).await.problem(401, "unauthenticated");
        edge.get(&format!("{path}?token=wrong")).await.problem(401, "unauthenticated");
        edge.get(&format!("{path}?token=opensesame")).await.ok();
        let odd = edge.get(&format!("{path}?token=opensesame&nam=x")).await;
        assert_eq!(odd.problem(400, "invalid_argument")["field"], "nam", "{path}");
    }
    // It says nothing about anybody.
    edge.get("/json/protocol").await.ok();
    edge.get("/json/version?token=opensesame&isolation=context").await.problem(400, "invalid_argument");
    edge.get("/json/close/other?token=opensesame").await.problem(404, "not_found");
    edge.get("/json/what?token=opensesame").await.problem(404, "not_found");
    let nobody = "/v1/sessions/local_00000000000000000000000000000000";
    for path in ["json/version", "json/list", "json/close/x"] {
        fleet.get(&format!("{nobody}/{path}")).await.problem(404, "not_found");
        fleet.get(&format!("/v1/sessions/nonsense/{path}")).await.problem(400, "invalid_argument");
    }
    let file = fleet.send(Method::PUT, &format!("{of_id}/json/new?file:///etc/passwd"), None).await;
    file.problem(403, "forbidden");
    let address = fleet.address();
    for (path, status) in [
        ("/devtools/page/0123456789ABCDEF0123456789ABCDEF".to_owned(), 404),
        ("/devtools/page/new?nam=x".to_owned(), 400),
        (format!("{nobody}/devtools/page/x"), 404),
        ("/v1/sessions/nonsense/devtools/page/x".to_owned(), 400),
        (format!("{of_id}/devtools/page/x?tab=1"), 400),
    ] {
        assert_eq!(refused(&format!("ws://{address}{path}")).await.0, status, "{path}");
    }
    for path in ["/devtools/page/new", "/", "/?token=wrong"] {
        assert_eq!(refused(&format!("ws://{}{path}", edge.address())).await.0, 401, "{path}");
    }
    fleet.end(&id).await;
    assert_eq!(refused(&format!("ws://{address}{of_id}/devtools/page/x")).await.0, 410);
    fleet.get(&format!("{of_id}/json/list")).await.problem(410, "gone");
}

#[tokio::test]
async fn chrome_remote_interface_finds_a_page_and_speaks_to_it() {
    let fleet = Fleet::with(&["--cdp-listen", "127.0.0.1:0", "--slots", "2"]).await;
    let port = fleet.cdp.clone().unwrap();
    let (host, number) = port.split_once(':').unwrap();
    node::run("remote.mjs", &[host, number]).await;
    let id = fleet.session().await;
    let list = json_of(&fleet, &format!("/v1/sessions/{id}/json/list")).await;
    node::run("remote.mjs", &[list[0]["webSocketDebuggerUrl"].as_str().unwrap()]).await;
    fleet.end(&id).await;
}

#[tokio::test]
async fn playwright_and_puppeteer_connect_by_http() {
    let fleet = Fleet::with(&["--cdp-listen", "127.0.0.1:0", "--slots", "2"]).await;
    let edge = fleet.edge_with(&["--token", "opensesame"]).await;
    let (base, port) = (&fleet.base, fleet.cdp.clone().unwrap());
    let id = fleet.session().await;
    node::run("endpoints.mjs", &["playwright", base]).await;
    node::run("endpoints.mjs", &["playwright", &format!("http://{port}")]).await;
    node::run("endpoints.mjs", &["playwright", &format!("{}/?token=opensesame", edge.base)]).await;
    node::run("endpoints.mjs", &["playwright", &edge.base, "Bearer opensesame"]).await;
    node::run("endpoints.mjs", &["playwright", &format!("{base}/v1/sessions/{id}")]).await;
    node::run("endpoints.mjs", &["puppeteer", base]).await;
    node::run("endpoints.mjs", &["puppeteer", &format!("http://{port}")]).await;
    assert_eq!(fleet.shown(&id).await["state"], "ready");
    fleet.end(&id).await;
}

#[tokio::test]
async fn launch_options_of_others_make_the_session_that_they_ask_for() {
    let fleet = Fleet::start().await;
    let launch = json!({
        "headless": false, "stealth": true, "args": ["--window-size=1000,700", "--lang=de-DE", "--no-sandbox"],
        "timeout": 120_000,
    });
    let query = format!("name=launched&launch={}", STANDARD.encode(launch.to_string()));
    let url = format!("ws://{}/cdp?{query}", fleet.address());
    let (mut stream, response) = tokio_tungstenite::connect_async(url).await.unwrap();
    let warning = response.headers()["rookery-warning"].to_str().unwrap();
    for part in ["launch.headless", "launch.stealth", "launch.args[2]"] {
        assert!(warning.contains(part), "{warning}");
    }
    let session = fleet.get("/v1/sessions?state=ready").await.ok()["sessions"][0].clone();
    let id = session["id"].as_str().unwrap();
    assert_eq!((&session["name"], &session["viewport"]["width"]), (&"launched".into(), &1000.into()));
    assert_eq!(fleet.evaluate(id, "navigator.language").await, "de-DE");
    assert_eq!(fleet.evaluate(id, "innerHeight").await, 700);
    stream.close(None).await.unwrap();
    fleet.ended(id).await;
    let url = format!("ws://{}/?launch={}", fleet.address(), STANDARD.encode(launch.to_string()));
    let mut client = Raw::open(&url).await;
    assert!(client.result(None, "Browser.getVersion", json!({})).await["product"].is_string());
    client.stream.close(None).await.unwrap();
    let prefix = r#"{"args":["--renderer-cmd-prefix=/bin/sh"]}"#;
    let odd = fleet.get(&format!("/json/version?launch={prefix}")).await;
    assert_eq!(odd.problem(400, "invalid_argument")["field"], "launch.args[0]");
    let url = format!("ws://{}/cdp?launch=%7B%22executablePath%22:%22/bin/sh%22%7D", fleet.address());
    assert_eq!(refused(&url).await, (400, "invalid_argument".to_owned()));
}
