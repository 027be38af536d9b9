//! Against the real server. Each test has a directory and a port of its own.

use std::net::TcpStream;

use super::*;
use crate::nats::binary;

fn server() -> Found {
    binary::find(crate::config::named_nats_server().as_deref())
        .expect("a nats-server >= 2.12; run scripts/setup test")
}

fn start(dir: &Path) -> Child {
    Child::start(&server(), dir, NatsSync::Always).unwrap()
}

fn address(child: &Child) -> String {
    child.url().reveal().rsplit_once('@').unwrap().1.to_owned()
}

fn pid(dir: &Path) -> Option<i32> {
    std::fs::read_to_string(dir.join("run/nats.pid")).ok()?.trim().parse().ok()
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "waited for: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn is_alive(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}

#[test]
fn it_listens_on_loopback_and_ends_when_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let child = start(dir.path());
    let address = address(&child);
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    TcpStream::connect(&address).unwrap();
    let pid = pid(dir.path()).unwrap();
    drop(child);
    assert!(!is_alive(pid));
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn its_configuration_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let _child = start(dir.path());
    let mode = std::fs::metadata(dir.path().join("nats.conf")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn killed_it_comes_back_on_the_same_port() {
    let dir = tempfile::tempdir().unwrap();
    let child = start(dir.path());
    for _ in 0..2 {
        let before = pid(dir.path()).unwrap();
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        wait_until("another process", || pid(dir.path()).is_some_and(|now| now != before));
        wait_until("the same port", || TcpStream::connect(address(&child)).is_ok());
    }
    assert!(!child.exhausted().is_cancelled());
}

#[test]
fn a_path_with_blanks_and_quotes_is_no_trouble() {
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join("a \"b\" $c\\d é");
    let child = start(&odd);
    TcpStream::connect(address(&child)).unwrap();
    assert!(odd.join("js/jetstream").is_dir());
}

#[test]
fn what_keeps_it_from_starting_is_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("js"), "a file where a directory should be").unwrap();
    let error = Child::start(&server(), dir.path(), NatsSync::Always).err().unwrap();
    assert!(matches!(&error, ChildError::Ended { last_words, .. } if !last_words.is_empty()), "{error}");
}

#[test]
fn a_server_that_never_stays_up_exhausts_the_supervisor() {
    let dir = tempfile::tempdir().unwrap();
    let short = Duration::from_millis(1);
    let patience = Patience { first_backoff: short, longest_backoff: short, hopeless_after: 3 };
    let child = Child::start_with(&server(), dir.path(), NatsSync::Always, patience).unwrap();
    // From now on each start fails, for the configuration is none.
    std::fs::write(dir.path().join("nats.conf"), "listen: {").unwrap();
    kill(Pid::from_raw(pid(dir.path()).unwrap()), Signal::SIGKILL).unwrap();
    wait_until("the supervisor to give up", || child.exhausted().is_cancelled());
}

#[test]
fn log_lines_are_split_into_level_and_text() {
    assert_eq!(split_log_line("[7] 2026/11/20 09:00:00.0 [WRN] Slow [x] y"), ("WRN", "Slow [x] y"));
    assert_eq!(split_log_line("panic: oh"), ("ERR", "panic: oh"));
}
