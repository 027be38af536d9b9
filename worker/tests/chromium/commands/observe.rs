//! `observe`.

use bus_schema::error::ErrorCode;
use serde_json::json;

use super::stage::Stage;

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
    let reference = |outline: &str, text: &str| {
        let line = outline
            .lines()
            .find(|line| line.contains(text))
            .unwrap_or_else(|| panic!("{text}: {outline}"))
            .to_owned();
        line.split("[ref=").nth(1).unwrap().split(']').next().unwrap().to_owned()
    };
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
