//! The fields of a new session as parameters of a URL.

use bus_schema::{Error, model::json};
use serde_json::{Map, Value};

use super::launch::{self, Launch};

/// How a parameter is read.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Number,
    Flag,
    /// By repetition, or a JSON list.
    List,
    /// Whatever names are given behind a dot, or a JSON object.
    Names,
    /// These behind a dot, or a JSON object.
    Object(&'static [(&'static str, Form)]),
    /// JSON only.
    Json,
}

const FIELDS: &[(&str, Form)] = &[
    ("name", Form::Text),
    ("labels", Form::Names),
    ("url", Form::Text),
    ("browser", Form::Text),
    ("isolation", Form::Text),
    ("pool", Form::Text),
    ("region", Form::Text),
    ("priority", Form::Text),
    (
        "viewport",
        Form::Object(&[
            ("width", Form::Number),
            ("height", Form::Number),
            ("scale", Form::Number),
            ("mobile", Form::Flag),
            ("touch", Form::Flag),
        ]),
    ),
    ("user_agent", Form::Text),
    ("locale", Form::Text),
    ("timezone", Form::Text),
    (
        "geolocation",
        Form::Object(&[("latitude", Form::Number), ("longitude", Form::Number), ("accuracy", Form::Number)]),
    ),
    ("color_scheme", Form::Text),
    ("permissions", Form::List),
    (
        "http_credentials",
        Form::Object(&[("username", Form::Text), ("password", Form::Text), ("origin", Form::Text)]),
    ),
    ("headers", Form::Names),
    ("ignore_https_errors", Form::Flag),
    (
        "proxy",
        Form::Object(&[
            ("server", Form::Text),
            ("username", Form::Text),
            ("password", Form::Text),
            ("bypass", Form::List),
        ]),
    ),
    ("storage_state", Form::Json),
    ("init_scripts", Form::List),
    ("args", Form::List),
    ("profile", Form::Object(&[("name", Form::Text), ("save", Form::Flag)])),
    ("idle_timeout_s", Form::Number),
    ("max_lifetime_s", Form::Number),
    ("queue_timeout_s", Form::Number),
    ("on_disconnect", Form::Text),
    ("keep_alive_s", Form::Number),
    ("on_worker_loss", Form::Text),
    ("on_browser_crash", Form::Text),
    ("dialog_timeout_s", Form::Number),
    ("recording", Form::Flag),
    ("policy", Form::Object(&[("allow", Form::List), ("block", Form::List)])),
];

/// What a query asks for.
#[derive(Debug, Default)]
pub struct Options {
    /// Of a new session.
    pub fields: Map<String, Value>,
    /// What of it was left out, to be told.
    pub ignored: Vec<String>,
}

/// Reads a query. A session made this way ends with its last connection, at once when that says goodbye, unless the
/// client asks for something else.
pub fn read(query: &str) -> Result<Options, Error> {
    let (mut fields, mut launch) = (Map::new(), None);
    for (name, text) in url::form_urlencoded::parse(query.as_bytes()) {
        if name == "launch" {
            if launch.replace(launch::read(&text)?).is_some() {
                return Err(Error::invalid_argument("launch", "given more than once"));
            }
        } else if !ELSEWHERE.contains(&&*name) {
            put(&mut fields, FIELDS, &name, &name, &text)?;
        }
    }
    let Launch { fields: of_launch, ignored } = launch.unwrap_or_default();
    for (field, value) in of_launch {
        // What is given by itself is meant more than what is given with the rest.
        fields.entry(field).or_insert(value);
    }
    if !fields.contains_key("on_disconnect") {
        fields.insert("on_disconnect".into(), "close".into());
        fields.entry("keep_alive_s").or_insert_with(|| 0.into());
    }
    Ok(Options { fields, ignored })
}

/// Looked at by others.
const ELSEWHERE: &[&str] = &["token", "resume", "after"];

/// Whether a parameter of this name means something.
pub fn is_known(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    name == "launch" || ELSEWHERE.contains(&name) || FIELDS.iter().any(|(of, _)| *of == first)
}

/// Puts one parameter where it belongs. `rest` is what of its name is left below `fields`.
fn put(
    fields: &mut Map<String, Value>,
    known: &[(&str, Form)],
    name: &str,
    rest: &str,
    text: &str,
) -> Result<(), Error> {
    let (first, below) = rest.split_once('.').map_or((rest, None), |(first, below)| (first, Some(below)));
    let Some((first, form)) = known.iter().find(|(of, _)| *of == first) else {
        return Err(unknown(name, first, known));
    };
    match (form, below) {
        (Form::Object(inner), Some(below)) => put(object(fields, first, name)?, inner, name, below, text),
        (Form::Names, Some(below)) => once(object(fields, first, name)?, name, below, text.into()),
        (Form::List, None) if !text.starts_with('[') => {
            let list = fields.entry(*first).or_insert_with(|| Value::Array(Vec::new()));
            match list.as_array_mut() {
                Some(list) => list.push(text.into()),
                None => return Err(Error::invalid_argument(name, "given both as JSON and by repetition")),
            }
            Ok(())
        }
        (Form::Object(_) | Form::Names | Form::List | Form::Json, None) => {
            let value = serde_json::from_str(text).map_err(|_| Error::invalid_argument(name, "not JSON"))?;
            once(fields, name, first, value)
        }
        (Form::Text, None) => once(fields, name, first, text.into()),
        (Form::Number, None) => {
            let number: Option<serde_json::Number> = serde_json::from_str(text).ok();
            let number = number.ok_or_else(|| Error::invalid_argument(name, "not a number"))?;
            once(fields, name, first, Value::Number(number))
        }
        (Form::Flag, None) => {
            let flag = match text {
                "" | "true" | "1" => true,
                "false" | "0" => false,
                _ => return Err(Error::invalid_argument(name, "true or false")),
            };
            once(fields, name, first, flag.into())
        }
        (Form::Text | Form::Number | Form::Flag | Form::List | Form::Json, Some(_)) => {
            Err(unknown(name, rest, known))
        }
    }
}

fn object<'a>(
    fields: &'a mut Map<String, Value>,
    field: &str,
    name: &str,
) -> Result<&'a mut Map<String, Value>, Error> {
    let object = fields.entry(field).or_insert_with(|| Value::Object(Map::new()));
    object
        .as_object_mut()
        .ok_or_else(|| Error::invalid_argument(name, format!("`{field}` is given as something else already")))
}

fn once(fields: &mut Map<String, Value>, name: &str, field: &str, value: Value) -> Result<(), Error> {
    match fields.insert(field.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Error::invalid_argument(name, "given more than once")),
    }
}

fn unknown(name: &str, part: &str, known: &[(&str, Form)]) -> Error {
    let shown: String = name.chars().take(80).collect();
    let names: Vec<&str> = known.iter().map(|(of, _)| *of).collect();
    let detail = match json::nearest(part, &names) {
        Some(near) => format!("unknown parameter `{shown}`, did you mean `{near}`?"),
        None => format!("unknown parameter `{shown}`"),
    };
    Error::invalid_argument(shown, detail)
}

#[cfg(test)]
mod tests {
    use bus_schema::model::create::CreateSession;
    use serde_json::json;
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn every_field_of_a_session_can_be_given() {
        let schema = serde_json::to_value(CreateSession::schema()).unwrap();
        let fields = schema["properties"].as_object().unwrap();
        for field in fields.keys() {
            assert!(FIELDS.iter().any(|(of, _)| of == field), "{field} cannot be given in a URL");
        }
        assert_eq!(fields.len(), FIELDS.len());
    }

    #[test]
    fn parameters_become_fields() {
        let read = read(
            "token=t&name=7&viewport.width=800&viewport.height=600&viewport.mobile&labels.team=web&labels.n=1\
             &permissions=geolocation&permissions=clipboard-read&args=%5B%22--mute-audio%22%5D&headers.X-A=b\
             &proxy=%7B%22server%22%3A%22http%3A%2F%2Fp%22%7D&idle_timeout_s=9&ignore_https_errors=true&keep_alive_s=5",
        );
        let expected = json!({
            "name": "7", "viewport": { "width": 800, "height": 600, "mobile": true },
            "labels": { "team": "web", "n": "1" }, "permissions": ["geolocation", "clipboard-read"],
            "args": ["--mute-audio"], "headers": { "X-A": "b" }, "proxy": { "server": "http://p" },
            "idle_timeout_s": 9, "ignore_https_errors": true, "on_disconnect": "close", "keep_alive_s": 5,
        });
        assert_eq!(Value::Object(read.unwrap().fields), expected);
    }

    #[test]
    fn it_ends_with_its_last_connection_unless_it_is_to_stay() {
        assert_eq!(read("").unwrap().fields["keep_alive_s"], 0);
        let kept = read("on_disconnect=keep").unwrap().fields;
        assert_eq!((kept.get("on_disconnect"), kept.get("keep_alive_s")), (Some(&json!("keep")), None));
    }

    #[test]
    fn what_is_given_by_itself_wins_over_what_is_given_to_launch() {
        let launch = r#"launch={"timeout":9000,"headless":true,"args":["--lang=de"]}"#;
        let options = read(&format!("{launch}&locale=fr&name=x")).unwrap();
        assert_eq!((&options.fields["locale"], &options.fields["max_lifetime_s"]), (&"fr".into(), &9.into()));
        assert_eq!(options.ignored, ["launch.headless"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, field, part) in [
            ("nam=x", "nam", "did you mean `name`"),
            ("viewport.widht=1", "viewport.widht", "did you mean `width`"),
            ("name.x=1", "name.x", "unknown"),
            ("viewport=x", "viewport", "not JSON"),
            ("idle_timeout_s=soon", "idle_timeout_s", "not a number"),
            ("recording=maybe", "recording", "true or false"),
            ("name=a&name=b", "name", "more than once"),
            ("viewport=%7B%7D&viewport=%7B%7D", "viewport", "more than once"),
            ("viewport=1&viewport.width=2", "viewport.width", "something else"),
            ("args=%5B%5D&args=%5B%5D", "args", "more than once"),
            ("launch={}&launch={}", "launch", "more than once"),
            ("launch={\"userDataDir\":\"x\"}", "launch.userDataDir", "these can: args"),
        ] {
            let error = read(query).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field), "{query}: {error}");
            assert!(error.detail.contains(part), "{query}: {error}");
        }
    }
}
