//! `isolation`: a browser of one's own, or one of several in it.

use serde_json::json;

use crate::{
    fleet::{Fleet, Session},
    site::Site,
};

const KEEP: &str = "(async () => {
    document.cookie = 'who=first; max-age=3600';
    localStorage.setItem('who', 'first');
    sessionStorage.setItem('who', 'first');
    await caches.open('kept').then(c => c.put('/x', new Response('first')));
    await new Promise(done => { const o = indexedDB.open('kept', 1); o.onsuccess = done; o.onupgradeneeded = () => o.result.createObjectStore('x') });
    await fetch('/cached').then(r => r.text());
})()";

const FIND: &str = "(async () => ({
    cookie: document.cookie, local: localStorage.length, session: sessionStorage.length,
    caches: (await caches.keys()).length, databases: (await indexedDB.databases()).length,
    cached: await fetch('/cached', { cache: 'only-if-cached', mode: 'same-origin' }).then(r => r.status, e => e.name),
}))()";

async fn find_nothing(session: &Session<'_>) {
    let nothing = json!({ "cookie": "", "local": 0, "session": 0, "caches": 0, "databases": 0 });
    let mut found = session.eval(FIND).await;
    let cached = found.as_object_mut().unwrap().remove("cached").unwrap();
    assert_eq!(found, nothing);
    assert_ne!(cached, 200);
}

#[tokio::test]
async fn neither_kind_shares_anything_and_one_end_leaves_the_other() {
    let (fleet, site) = (Fleet::start(), Site::start().await);
    for isolation in ["process", "context"] {
        // Storage and caches are for trustworthy origins, of which loopback is one.
        let spec = json!({ "isolation": isolation, "url": site.url("/") });
        let (first, second) = (fleet.create(spec.clone()).await, fleet.create(spec).await);
        assert_eq!(first.created["isolation"], isolation);
        first.eval(KEEP).await;
        let own = first.eval(FIND).await;
        assert_eq!(
            (&own["cookie"], &own["local"], &own["cached"]),
            (&json!("who=first"), &json!(1), &json!(200))
        );
        find_nothing(&second).await;
        assert_eq!(first.run(json!({ "action": "tabs" })).await["tabs"].as_array().unwrap().len(), 1);
        second.eval("void window.open('/second')").await;
        assert_eq!(first.run(json!({ "action": "tabs" })).await["tabs"].as_array().unwrap().len(), 1);

        assert_eq!(first.end().await["end_reason"], "released");
        second.go(&site.url("/after")).await;
        assert_eq!(second.eval("document.title").await, "/after");
        find_nothing(&second).await;
        second.end().await;
    }
}

#[tokio::test]
async fn those_of_a_tenant_are_in_one_browser_and_keep_their_own_looks() {
    let (fleet, site) = (Fleet::with(&["--slots", "4", "--warm", "0"], &[]), Site::start().await);
    let zone = "Intl.DateTimeFormat().resolvedOptions().timeZone";
    let spec = |zone: &str, width: u32| {
        json!({ "isolation": "context", "timezone": zone, "viewport": { "width": width, "height": 400 },
            "headers": { "x-zone": zone }, "init_scripts": [format!("window.mine = {zone:?}")],
            "geolocation": { "latitude": 1.0, "longitude": 2.0 }, "url": site.url("/") })
    };
    let tokyo = fleet.create(spec("Asia/Tokyo", 500)).await;
    let berlin = fleet.create(spec("Europe/Berlin", 600)).await;
    assert_eq!(browsers(&fleet), 1, "both are in one browser");
    for (session, name, width) in [(&tokyo, "Asia/Tokyo", 500), (&berlin, "Europe/Berlin", 600)] {
        assert_eq!(session.eval(zone).await, name);
        assert_eq!(session.eval("[innerWidth, window.mine]").await, json!([width, name]));
        let header = session.eval("fetch('/echo').then(r => r.json()).then(j => j.headers['x-zone'])").await;
        assert_eq!(header, name);
    }
    tokyo.end().await;
    assert_eq!(berlin.eval(zone).await, "Europe/Berlin");
    assert_eq!(browsers(&fleet), 1);
}

/// Browser processes of a fleet: the one of each that has no parent among them.
fn browsers(fleet: &Fleet) -> usize {
    let dir = fleet.dir().to_str().unwrap().to_owned();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .filter(|line| line.contains(&format!("--user-data-dir={dir}")) && !line.contains("--type="))
        .count()
}
