use clap::Parser;

use super::*;
use crate::flags::{Cli, Command};

/// Loads as the program would, with a file of its own and no environment but that of the test.
fn load_up(file: &str, flags: &[&str]) -> Result<Settings, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rookery.toml");
    std::fs::write(&path, file).unwrap();
    let mut arguments = vec!["rookery", "up", "--config", path.to_str().unwrap()];
    arguments.extend(flags);
    let Command::Up(up) = Cli::try_parse_from(arguments).unwrap().command else { panic!("up expected") };
    load(Role::Up, &up.common, &*up).map(|(settings, _)| settings)
}

fn complaint(file: &str, flags: &[&str]) -> String {
    load_up(file, flags).unwrap_err().to_string()
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let settings = load_up("slots = 3\nregion = \"eu\"", &["--slots", "4"]).unwrap();
    assert_eq!((settings.slots, settings.region.as_str(), settings.workers), (Some(4), "eu", 1));
}

#[test]
fn an_unknown_key_names_the_nearest() {
    assert!(complaint("slot = 3", &[]).contains("unknown key `slot`; did you mean `slots`?"));
    assert!(complaint("[[tenant]]\nname = \"a\"\ntoken = [\"0123456789abcdef\"]", &[]).contains("`tokens`"));
    assert!(complaint("[[tenant]]\nname = \"a\"\nlimits = { session = 1 }", &[]).contains("`sessions`"));
}

#[test]
fn a_wrong_type_names_the_key_and_the_file() {
    let text = complaint("slots = \"many\"", &[]);
    assert!(text.contains("slots") && text.contains("rookery.toml"), "{text}");
}

#[test]
fn values_out_of_range_are_refused() {
    for (file, part) in [
        ("slots = 0", "slots: 0 is not between 1 and 10000"),
        ("slots = 2\nwarm = 3", "warm: 3 is not between 0 and 2"),
        ("workers = 65", "workers: 65"),
        ("region = \"e u\"", "region \"e u\" is malformed"),
        ("lease = \"1ms\"", "lease: 1ms is not between 200ms and 1m"),
        ("lease = \"2\"", "no length of time"),
        ("tls_cert = \"a.pem\"", "tls_key: is needed"),
        ("token = \"short\"", "a token of tenant `default` is shorter"),
    ] {
        let text = complaint(file, &[]);
        assert!(text.contains(part), "{file:?} gave {text:?}");
    }
}

#[test]
fn what_the_edge_refuses_is_refused_at_once() {
    let tenant = |name: &str| format!("[[tenant]]\nname = \"{name}\"\ntokens = [\"opensesame\"]\n");
    assert!(load_up(&tenant("a"), &[]).is_ok());
    assert!(complaint(&(tenant("a") + &tenant("b")), &[]).contains("belongs to another tenant"));
    assert!(complaint(&(tenant("a") + "token = [\"x\"]"), &[]).contains("`tokens`"));
    assert!(complaint("[session_defaults]\nidle_timeout = 3", &[]).contains("`idle_timeout_s`"));
    let both = "token = \"opensesame\"\n".to_owned() + &tenant("a");
    assert!(complaint(&both, &[]).contains("token: is for a fleet without [[tenant]]"));
}

#[test]
fn listening_beyond_loopback_needs_tokens() {
    let beyond = ["--http", "0.0.0.0:8080"];
    assert!(complaint("", &beyond).contains("set ROOKERY_TOKEN"));
    assert!(load_up("token = \"0123456789abcdef\"", &beyond).is_ok());
    assert!(load_up("", &["--http", "[::1]:0"]).is_ok());
}

#[test]
fn a_listener_is_an_address_or_off() {
    assert_eq!(load_up("", &[]).unwrap().cdp_listen, None);
    assert_eq!(load_up("cdp_listen = \"off\"", &[]).unwrap().cdp_listen, Some(Listen::Off));
    let at = load_up("cdp_listen = \"off\"", &["--cdp-listen", "127.0.0.1:9333"]).unwrap().cdp_listen;
    assert_eq!(at, Some(Listen::At("127.0.0.1:9333".parse().unwrap())));
    assert!(complaint("cdp_listen = \"9222\"", &[]).contains("neither `off` nor an address"));
    assert!(complaint("cdp_listen = \"0.0.0.0:9222\"", &[]).contains("set ROOKERY_TOKEN"));
    assert!(complaint("", &["--tzafonwright-listen", "0.0.0.0:1337"]).contains("set ROOKERY_TOKEN"));
    assert!(load_up("tzafonwright_listen = \"off\"", &[]).is_ok());
    assert!(complaint("", &["--vnc-listen", "0.0.0.0:5900"]).contains("set ROOKERY_TOKEN"));
    assert!(load_up("vnc_listen = \"off\"", &[]).is_ok());
}

#[test]
fn edge_and_worker_need_a_bus() {
    for (role, name) in [(Role::Edge, "edge"), (Role::Worker, "worker")] {
        let text = Settings::default().check(role).unwrap_err().to_string();
        assert!(text.contains("--nats-url") && text.contains(name), "{text}");
    }
}

#[test]
fn what_is_printed_holds_no_secret_and_can_be_read_again() {
    let url = "nats://app:hunter2@127.0.0.1:4222,nats://other:4222";
    let file = "secret = \"swordfish\"\n[[tenant]]\nname = \"a\"\ntokens = [\"opensesame-opensesame\"]";
    let settings = load_up(file, &["--nats-url", url]).unwrap();
    let (shown, debugged) = (settings.print(), format!("{settings:?}"));
    for secret in ["hunter2", "swordfish", "opensesame"] {
        assert!(!shown.contains(secret) && !debugged.contains(secret), "{shown}\n{debugged}");
    }
    assert!(shown.contains("nats://[redacted]@127.0.0.1:4222,nats://other:4222"), "{shown}");
    let again: Settings = toml::from_str(&shown).unwrap();
    assert_eq!(again.print(), shown);
}

#[test]
fn a_missing_file_is_an_error_only_if_it_was_named() {
    let Command::Up(up) =
        Cli::try_parse_from(["rookery", "up", "--config", "/nonexistent.toml"]).unwrap().command
    else {
        panic!("up expected")
    };
    let error = load(Role::Up, &up.common, &*up).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
}

#[test]
fn lengths_of_time_survive_being_written() {
    for text in ["1ms", "1500ms", "2s", "90s", "5m", "1h", "0ms"] {
        assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
    }
    for text in ["", "s", "-1s", "1.5s", "2 s", "1d", "99999999999999999999s", "18446744073709551615h"] {
        assert!(text.parse::<Span>().is_err(), "{text:?}");
    }
}

#[test]
fn numbers_of_bytes_survive_being_written() {
    for text in ["0", "1000", "1KiB", "1536KiB", "1MiB", "2GiB"] {
        assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
    }
    for text in ["", "KiB", "1kb", "-1", "1.5MiB", "99999999999999GiB"] {
        assert!(text.parse::<Size>().is_err(), "{text:?}");
    }
}

#[test]
fn servers_on_this_machine_are_known_by_their_ports() {
    let url = "nats://a:b@127.0.0.1:4222, nats://host:1, localhost:4223,nats://[::1]:4224/,nats://127.0.0.1";
    assert_eq!(BusUrl::new(url.to_owned()).loopback_ports().collect::<Vec<_>>(), [4222, 4223, 4224]);
}
