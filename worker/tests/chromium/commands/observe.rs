//! `observe`.

use std::time::{Duration, Instant};

use bus_schema::error::{Error, ErrorCode};
use serde_json::{Value, json};

use super::stage::{Stage, html};

const PAGE: &str = "<title>Shop</title><header><nav aria-label=Main><a href=/>Home</a><a href=/cart>Cart <b>2</b></a></nav></header>
<main><h1>Rookery <em>shop</em></h1><p>All <span>you</span> need.</p><div><div><ul><li>One</li><li><a href=/two>Two</a></li></ul></div></div>
<form><label>Name <input value=Ada required></label><label>Secret <input type=password value=hunter2></label>
<input aria-label=Code autocomplete=one-time-code value=123456>
<label><input type=checkbox checked> Agree</label><select aria-label=Size><option>S<option selected>L</select><button disabled>Buy</button></form>
<div onclick='x()'>Clickable</div><div style='display:none'>hidden text</div><div aria-hidden=true>for eyes only</div>
<table><tr><th>Head</th></tr><tr><td>Cell</td></tr></table><div id=host></div></main>
<script>host.attachShadow({mode:'open'}).innerHTML = '<button>In shadow</button>'; function x() { window.clicked = true }</script>";

#[tokio::test]
async fn the_outline_tells_what_is_there() {
    let stage = Stage::show(PAGE).await;
    let seen = stage.ok(json!({"action": "observe"})).await;
    assert_eq!((&seen["title"], &seen["url"]), (&json!("Shop"), &json!(stage.site.url("/"))));
    let outline = seen["outline"].as_str().unwrap();
    for part in [
        "- banner",
        "- navigation \"Main\"",
        "- link \"Home\" [ref=e1]",
        "- link \"Cart 2\"",
        "- heading \"Rookery shop\" [level=1]",
        "- paragraph: All you need.",
        "- listitem: One",
        "- link \"Two\"",
        "- textbox \"Name\" [required]",
        ": Ada",
        "- checkbox \"Agree\" [checked]",
        "- combobox \"Size\"",
        ": L",
        "- option \"L\" [selected]",
        "- button \"Buy\" [disabled]",
        "Clickable",
        "- button \"In shadow\"",
        "- cell \"Cell\"",
        "(hidden)",
    ] {
        assert!(outline.contains(part), "{part} is not in\n{outline}");
    }
    for part in ["hidden text", "for eyes only", "hunter2", "123456"] {
        assert!(!outline.contains(part), "{part} is in\n{outline}");
    }
    // Refs stay with their elements, and new ones get new numbers.
    stage
        .value("document.querySelector('main').insertAdjacentHTML('afterbegin', '<button>New</button>'); 0")
        .await;
    let again = stage.ok(json!({"action": "observe"})).await;
    let again = again["outline"].as_str().unwrap();
    for line in outline.lines().filter(|line| line.contains("[ref=")) {
        assert!(again.contains(line.trim()), "{line} is not in\n{again}");
    }
    assert!(!outline.contains(&format!("[ref={}]", reference(again, "\"New\""))));
    stage.ok(json!({"action": "click", "target": {"ref": reference(again, "Clickable")}})).await;
    assert_eq!(stage.value("clicked").await, true);
    let gone = reference(again, "\"New\"");
    stage.value("document.querySelector('main button').remove()").await;
    stage.err(ErrorCode::NotFound, json!({"action": "click", "target": {"ref": gone}})).await;
    stage.browser.close().await;
}

#[tokio::test]
async fn presets_bounds_and_cursors() {
    let stage = Stage::show(&format!(
        "{PAGE}{}",
        (0..300).map(|i| format!("<p>Paragraph {i}</p><button>B{i}</button>")).collect::<String>()
    ))
    .await;
    let of = async |preset: &str| {
        stage.ok(json!({"action": "observe", "preset": preset, "max_bytes": 1_000_000})).await["outline"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (full, compact, interactive) = (of("full").await, of("compact").await, of("interactive").await);
    assert!(!interactive.contains("Paragraph") && interactive.contains("\"B299\""), "{interactive}");
    assert!(full.len() > compact.len() && compact.len() > interactive.len());
    let mut part = stage.ok(json!({"action": "observe", "max_bytes": 1000})).await;
    let mut told = part["outline"].as_str().unwrap().to_owned();
    while let Some(cursor) = part["next_cursor"].as_str() {
        assert!(part["outline"].as_str().unwrap().len() <= 1000);
        part = stage.ok(json!({"action": "observe", "max_bytes": 1000, "cursor": cursor})).await;
        told = format!("{told}\n{}", part["outline"].as_str().unwrap());
    }
    assert_eq!(told, compact);
    stage.err(ErrorCode::InvalidArgument, json!({"action": "observe", "cursor": "77.1"})).await;
    let output = stage.output(json!({"action": "observe", "screenshot": true})).await.unwrap();
    let picture = output.attachment.unwrap();
    assert_eq!(picture.media_type, "image/jpeg");
    assert!(picture.bytes.starts_with(&[0xff, 0xd8]));
    stage.browser.close().await;
}

/// The ref in the line of an outline that has a text.
fn reference(outline: &str, text: &str) -> String {
    let line = outline.lines().find(|line| line.contains(text));
    let line = line.unwrap_or_else(|| panic!("{text} is not in\n{outline}"));
    line.split("[ref=").nth(1).unwrap().split(']').next().unwrap().to_owned()
}

async fn outline(stage: &Stage) -> String {
    stage.ok(json!({"action": "observe"})).await["outline"].as_str().unwrap().to_owned()
}

/// A command that is refused, and soon, though it may take its time.
async fn refused(stage: &Stage, command: Value) -> Error {
    let begun = Instant::now();
    let error = stage.err(ErrorCode::NotFound, command).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{error} after {:?}", begun.elapsed());
    assert!(error.field.as_deref().is_some_and(|field| field.ends_with(".ref")), "{error}");
    error
}

#[tokio::test]
async fn a_ref_that_is_gone_is_refused_at_once() {
    let stage = Stage::with(&["--site-per-process"], |request| {
        let host = request.header("host").unwrap().replace("127.0.0.1", "localhost");
        match request.target.as_str() {
            "/" => html(&format!(
                "<button>Main</button><button id=b>Second</button><iframe src=/near></iframe><iframe name=far src='http://{host}/far'></iframe>"
            )),
            "/near" => html("<button>Near</button>"),
            "/far" => html("<button>Far</button>"),
            _ => html("<p>Other</p><iframe src='http://192.0.2.1/never'></iframe>"),
        }
    })
    .await;
    stage.go("/").await;
    stage.ok(json!({"action": "wait_for", "target": {"text": "Far"}})).await;
    let seen = outline(&stage).await;
    let [main, second, near, far] =
        ["\"Main\"", "\"Second\"", "\"Near\"", "\"Far\""].map(|text| reference(&seen, text));
    let click = |reference: &str| json!({"action": "click", "target": {"ref": reference}});
    for reference in [&main, &near, &far] {
        stage.ok(click(reference)).await;
    }
    assert!(refused(&stage, click("e9999")).await.detail.contains("never given"));
    let elsewhere = json!({"action": "click", "target": {"ref": near, "frame": 0}});
    assert!(refused(&stage, elsewhere).await.detail.contains("another frame"));
    // Its element, its frame, the process of its frame.
    stage.value("b.remove()").await;
    refused(&stage, click(&second)).await;
    let wait = |reference: &str, state: &str| json!({"action": "wait_for", "target": {"ref": reference}, "state": state});
    refused(&stage, wait(&second, "visible")).await;
    stage.ok(wait(&second, "detached")).await;
    let frames = stage.ctx.tabs().frames(1).unwrap();
    let crashing = frames.iter().find(|frame| frame.name == "far").unwrap();
    crashing.cdp.notify_raw("Page.crash", &json!({}));
    let begun = Instant::now();
    while stage.ctx.tabs().frames(1).unwrap().iter().any(|frame| frame.name == "far" && frame.world.is_some())
    {
        assert!(begun.elapsed() < Duration::from_secs(5), "the crash is not seen");
        tokio::task::yield_now().await;
    }
    refused(&stage, click(&far)).await;
    stage.ok(wait(&far, "hidden")).await;
    stage.value("document.querySelector('iframe').remove()").await;
    refused(&stage, click(&near)).await;
    // Another tab has it.
    stage.ok(json!({"action": "new_tab"})).await;
    assert!(refused(&stage, click(&main)).await.detail.contains("tab 1"));
    stage.ok(json!({"action": "activate_tab", "tab": 1})).await;
    for until in ["commit", "load", "domcontentloaded"] {
        stage.go("/").await;
        let main = reference(&outline(&stage).await, "\"Main\"");
        let to = stage.site.url(&format!("/{until}"));
        stage.ok(json!({"action": "navigate", "url": to, "wait_until": "commit"})).await;
        refused(&stage, click(&main)).await;
        refused(&stage, wait(&main, "attached")).await;
        stage.ok(wait(&main, "detached")).await;
    }
    stage.browser.close().await;
}

#[tokio::test]
async fn a_ref_used_while_its_page_goes_is_answered_at_once() {
    let stage = Stage::with(&[], |_| {
        html("<button onclick='location.reload()'>Again</button><iframe srcdoc='<button>Inner</button>'></iframe>")
    })
    .await;
    stage.go("/").await;
    for _ in 0..20 {
        let seen = outline(&stage).await;
        let again = reference(&seen, "\"Again\"");
        stage.value("setTimeout(() => location.reload()); 0").await;
        let begun = Instant::now();
        // Before, while or after the document goes: either it is there, or it is refused.
        if let Err(error) = stage.run(json!({"action": "hover", "target": {"ref": again}})).await {
            assert_eq!(error.code, ErrorCode::NotFound, "{error}");
        }
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
    stage.browser.close().await;
}

/// The outline of a page's body, and what it must be, line by line.
const TOLD: &[(&str, &str)] = &[
    (
        "<label for=em>Email</label><input id=em placeholder='you@example.org'><small>Never shared.</small>
         <label>First <b>name</b> <input value=Ada></label><span id=c>Coupon</span><input aria-labelledby=c>",
        "- textbox \"Email\" [ref=e1] [placeholder=\"you@example.org\"]
- text: Never shared.
- textbox \"First name\" [ref=e2]: Ada
- textbox \"Coupon\" [ref=e3]",
    ),
    (
        "<fieldset><legend>Contact</legend><label><input type=checkbox> Take the <a href=/nl>news</a></label></fieldset>
         <p id=p>Pay with</p><div role=radiogroup aria-labelledby=p><div role=radio tabindex=0>Card</div></div>",
        "- group \"Contact\"
  - checkbox \"Take the news\" [ref=e1]
  - link \"news\" [ref=e2]
- radiogroup \"Pay with\"
  - radio \"Card\" [ref=e3]",
    ),
    // What another name does not have, or what is far from it, is told.
    (
        "<label for=a>Shown</label><input id=a aria-label=Other><label for=b>Label of nothing</label><input id=b hidden>
         <table><tr><th><span id=h>Price</span></th></tr><tr><td><input aria-labelledby=h></td></tr></table>
         <a href=/cart aria-label=Cart><b>3 items</b></a>",
        "- text: Shown
- textbox \"Other\" [ref=e1]
- text: Label of nothing
- table
  - row
    - columnheader \"Price\"
  - row
    - cell
      - textbox \"Price\" [ref=e2]
- link \"Cart\" [ref=e3]: 3 items",
    ),
    (
        "<table><caption>Orders</caption><tr><th>No.</th><th>Who</th><th></th></tr><tr><td><a href=/1>1</a></td>
         <td>Ada<br>Lovelace</td><td><button><svg><title>Delete</title></svg></button></td></tr></table>",
        "- table \"Orders\"
  - row
    - columnheader \"No.\"
    - columnheader \"Who\"
    - columnheader
  - row
    - cell
      - link \"1\" [ref=e1]
    - cell \"Ada Lovelace\"
    - cell
      - button \"Delete\" [ref=e2]",
    ),
    (
        "<div role=menubar><div role=menuitem aria-expanded=true tabindex=0>File<div role=menu><div role=menuitem tabindex=-1>Open</div></div></div></div>
         <nav><ul><li><a href=1>One</a></li><li><a href=2>Two</a>, the second</li></ul></nav><h2><a href=/h>Linked</a></h2>
         <section aria-labelledby=s><h2 id=s>Own</h2><h3>Other</h3></section>
         <a href=/card><h3>Card</h3><p>and its text</p><img alt=''></a><button id=burger></button><a href='/x'><svg></svg></a>",
        "- menubar
  - menuitem \"File\" [expanded] [ref=e1]
    - menu
      - menuitem \"Open\" [ref=e2]
- navigation
  - list
    - link \"One\" [ref=e3]
    - listitem
      - link \"Two\" [ref=e4]
      - text: , the second
- heading [level=2]
  - link \"Linked\" [ref=e5]
- region \"Own\"
  - heading \"Other\" [level=3]
- link \"Card and its text\" [ref=e6]
- button [ref=e7] [id=burger]
- link [ref=e8] [url=/x]",
    ),
];

#[tokio::test]
async fn nothing_is_told_twice_and_nothing_is_lost() {
    let stage = Stage::with(&[], |request| {
        let n = request.target.strip_prefix("/told/").and_then(|n| n.parse::<usize>().ok())?;
        html(TOLD[n].0)
    })
    .await;
    for (n, (_, told)) in TOLD.iter().enumerate() {
        stage.go(&format!("/told/{n}")).await;
        // Refs are one row over all pages.
        let seen = outline(&stage).await;
        let first =
            seen.split("[ref=e").nth(1).map_or(1, |rest| rest.split(']').next().unwrap().parse().unwrap());
        let told = (1..=9).rev().fold((*told).to_owned(), |told, i| {
            told.replace(&format!("[ref=e{i}]"), &format!("[ref=e{}]", i + first - 1))
        });
        assert_eq!(seen, told, "page {n}:\n{seen}\n");
    }
    stage.browser.close().await;
}

#[tokio::test]
async fn a_box_that_is_drawn_by_its_label_is_told_and_checked() {
    let stage = Stage::show(
        "<style>input { display: none }</style><label><input type=checkbox id=box onchange='window.on = box.checked'> Fancy</label>",
    )
    .await;
    let seen = outline(&stage).await;
    assert!(seen.starts_with("- checkbox \"Fancy\" [ref=e1]") && !seen.contains("text"), "{seen}");
    stage.ok(json!({"action": "check", "target": {"ref": "e1"}})).await;
    assert_eq!(stage.value("on").await, true);
    assert!(outline(&stage).await.contains("\"Fancy\" [checked]"));
    stage.ok(json!({"action": "click", "target": {"ref": "e1"}})).await;
    assert_eq!(stage.value("on").await, false);
    stage.browser.close().await;
}

#[tokio::test]
async fn a_page_of_very_many_elements_is_told_soon() {
    let button = |i| format!("<p><button id=b{i}>Button {i}</button> some words");
    let stage = Stage::with(&[], move |request| match request.target.as_str() {
        "/list" => html(&format!("<ul>{}</ul>", "<li><a href=/x>one</a>".repeat(20_000))),
        "/fields" => html(&"<label>name <input></label>".repeat(20_000)),
        "/buttons" => html(&(0..20_000).map(button).collect::<String>()),
        _ => None,
    })
    .await;
    // Once for each element what any outline must ask for: the measure of how fast this machine is now.
    let walk = "for (const el of document.querySelectorAll('*')) { getComputedStyle(el).display; el.getBoundingClientRect() }";
    for path in ["/list", "/fields", "/buttons"] {
        stage.go(path).await;
        let begun = Instant::now();
        stage.value(walk).await;
        let walked = begun.elapsed();
        let begun = Instant::now();
        let told = stage.ok(json!({"action": "observe"})).await;
        let took = begun.elapsed();
        assert!(told["total_bytes"].as_u64() > Some(200_000), "{path}: {}", told["total_bytes"]);
        assert!(took < Duration::from_secs(1) + 20 * walked, "{path} took {took:?}, a mere walk {walked:?}");
    }
    stage.browser.close().await;
}
