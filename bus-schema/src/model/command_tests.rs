use super::command::*;
use super::ws::ClientMessage;
use crate::error::ErrorCode;

fn read(json: &str) -> Result<CommandRequest, crate::Error> {
    CommandRequest::from_json(json.as_bytes())
}

#[test]
fn every_action_is_read_and_written_alike() {
    for json in [
        r#"{"action":"navigate","url":"https://example.com/"}"#,
        r#"{"action":"click","target":{"role":"button","name":"Sign in"},"tab":2,"timeout_ms":5}"#,
        r#"{"action":"type","text":"ä","target":{"selector":"css","frame":"login","nth":1}}"#,
        r#"{"action":"key","event":"down","key":"Shift"}"#,
        r#"{"action":"close_tab","tab":3}"#,
        r#"{"action":"fill_form","fields":{"a":true,"b":"x","c":["y"]}}"#,
        r#"{"action":"evaluate","expression":"1+1","args":[null,{"a":1}],"key":"k1"}"#,
        r#"{"action":"wait_for","ms":5,"on_human_control":"fail"}"#,
    ] {
        let request = read(json).unwrap();
        let written = serde_json::to_string(&request).unwrap();
        assert_eq!(read(&written).unwrap(), request, "{written}");
    }
    assert_eq!(read(r#"{"action":"key","event":"down","key":"Shift"}"#).unwrap().key, None);
    assert_eq!(read(r#"{"action":"close_tab","tab":3}"#).unwrap().tab, None);
}

#[test]
fn errors_name_the_field() {
    for (json, field) in [
        (r#"{"url":"https://example.com"}"#, "action"),
        (r#"{"action":"clikc"}"#, "action"),
        (r#"{"action":7}"#, "action"),
        (r#"{"action":"click"}"#, "target"),
        (r#"{"action":"click","target":{}}"#, "target"),
        (r#"{"action":"click","target":{"text":"a","label":"b"}}"#, "target"),
        (r#"{"action":"click","target":{"x":1}}"#, "target"),
        (r#"{"action":"click","target":{"selektor":"a"}}"#, "target.selektor"),
        (r#"{"action":"click","target":{"text":"a"},"click_count":4}"#, "click_count"),
        (r#"{"action":"navigate","url":"https://a","timeout_ms":0}"#, "timeout_ms"),
        (r#"{"action":"navigate","url":"https://a","timeout_ms":-1}"#, "timeout_ms"),
        (r#"{"action":"screenshot","quality":101}"#, "quality"),
        (r#"{"action":"set_viewport","width":0,"height":0}"#, "width"),
        (r#"{"action":"mouse","event":"move","x":-1,"y":0}"#, "x"),
        (r#"{"action":"scroll","delta_y":1,"wheel_at":{"x":0,"y":-1}}"#, "wheel_at.y"),
        (r#"{"action":"scroll","to":"top","wheel_at":{"x":0,"y":0}}"#, "wheel_at"),
        (r#"{"action":"evaluate"}"#, "expression"),
        (r#"{"action":"wait_for"}"#, "target"),
        (r#"{"action":"tabs","x":1}"#, "x"),
    ] {
        let e = read(json).unwrap_err();
        assert_eq!(e.code, ErrorCode::InvalidArgument, "{json}: {e}");
        assert_eq!(e.field.as_deref(), Some(field), "{json}: {e}");
    }
    for json in [
        r#"{"action":"select_option","target":{"text":"a"}}"#,
        r#"{"action":"select_option","target":{"text":"a"},"values":null}"#,
    ] {
        assert_eq!(read(json).unwrap_err().field.as_deref(), Some("values"), "{json}");
    }
    let e = read(r#"{"action":"fill_form","fields":{"a":{"b":1}}}"#).unwrap_err();
    assert_eq!(
        (e.field.as_deref(), e.detail.as_str()),
        (Some("fields.a"), "must be a text, true or false, or a list of texts")
    );
    assert!(read(r#"{"action":"clikc"}"#).unwrap_err().detail.contains("`click`"));
    let e = read("{\"action\":\"navigate\",\"url\":\"fi\\nle:///etc/passwd\"}").unwrap_err();
    assert_eq!((e.code, e.field.as_deref()), (ErrorCode::Forbidden, Some("url")));
}

#[test]
fn a_form_is_filled_in_the_order_in_which_it_was_written() {
    let order = |request: &CommandRequest| {
        let Command::FillForm(form) = &request.command else { panic!("{request:?}") };
        form.fields.iter().map(|(label, _)| label.to_owned()).collect::<Vec<_>>()
    };
    let command = r#"{"action":"fill_form","fields":{"Region":"EU","City":"Rome","Agree":true}}"#;
    let request = read(command).unwrap();
    assert_eq!(order(&request), ["Region", "City", "Agree"]);
    assert_eq!(order(&read(&serde_json::to_string(&request).unwrap()).unwrap()), ["Region", "City", "Agree"]);
    let message = command.replacen('{', r#"{"type":"command","#, 1);
    let message = ClientMessage::from_json(message.as_bytes()).unwrap();
    let ClientMessage::Command { request, .. } = message else { panic!("{message:?}") };
    assert_eq!(order(&request), ["Region", "City", "Agree"]);
}
