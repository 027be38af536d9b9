//! TigerVNC's viewer, on an X server without a screen.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tokio::io::{AsyncBufReadExt, BufReader};

use super::{
    page::{LISTEN, password, session, site, until_mode, until_text},
    support::{Fleet, SOON, until},
};

/// A process that goes with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn started(command: &mut Command) -> Running {
    let program = command.get_program().to_owned();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Running(child.unwrap_or_else(|e| panic!("{program:?} cannot be started ({e}): run scripts/setup test")))
}

/// An X server on a number of its own choosing.
async fn x_server() -> (tokio::process::Child, String) {
    let mut server = tokio::process::Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|e| panic!("Xvfb cannot be started ({e}): run scripts/setup test"));
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let number = tokio::time::timeout(SOON, lines.next_line()).await.unwrap().unwrap().unwrap();
    (server, format!(":{number}"))
}

/// A password as TigerVNC keeps them.
fn password_file(dir: &Path, password: &str) -> PathBuf {
    use des::cipher::{Array, BlockCipherEncrypt, KeyInit};
    let key = [0xe8, 0x4a, 0xd6, 0x60, 0xc4, 0x72, 0x1a, 0xe0_u8];
    let mut block = Array::from([0; 8]);
    block.iter_mut().zip(password.bytes()).for_each(|(b, byte)| *b = byte);
    des::Des::new(&key.into()).encrypt_block(&mut block);
    let path = dir.join("password");
    std::fs::File::create(&path).unwrap().write_all(&block).unwrap();
    path
}

fn run(display: &str, program: &str, arguments: &[&str]) -> Vec<u8> {
    let done = Command::new(program).args(arguments).env("DISPLAY", display).output();
    done.unwrap_or_else(|e| panic!("{program} cannot be started ({e}): run scripts/setup test")).stdout
}

/// The colour at a place of the X server's screen.
fn colour(display: &str, x: u32, y: u32) -> Vec<u8> {
    let crop = format!("1x1+{x}+{y}");
    run(display, "import", &["-window", "root", "-crop", &crop, "-depth", "8", "rgb:-"])
}

#[tokio::test]
async fn a_person_sees_and_types_in_tigervnc() {
    let (site, fleet) = (site().await, Fleet::with(&LISTEN).await);
    let id = session(&fleet, &site.url("/")).await;
    let dir = tempfile::tempdir().unwrap();
    let file = password_file(dir.path(), &password(&fleet, &id).await);
    let (_server, display) = x_server().await;
    let address = fleet.vnc.as_deref().unwrap().replace(':', "::");
    let mut viewer = Command::new("xtigervncviewer");
    viewer.env("DISPLAY", &display).env("HOME", dir.path()).arg("-passwd").arg(&file);
    // Without a window manager it stands in the upper left corner.
    let viewer = started(viewer.args(["-geometry", "+0+0", "-RemoteResize=0", &address]));
    let shows = async |x: u32, y: u32, wanted: [u8; 3]| {
        until("the page on the screen", || async {
            let seen = colour(&display, x, y);
            let is_near = seen.len() == 3 && seen.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 12);
            if is_near { Ok(()) } else { Err(format!("{seen:?} at {x},{y}")) }
        })
        .await;
    };
    shows(100, 300, [0, 0xc0, 0]).await;
    shows(700, 300, [0xc0, 0, 0]).await;
    // No window manager gives it the keyboard.
    run(&display, "xdotool", &["search", "--onlyvisible", "--name", "TigerVNC", "windowfocus"]);
    run(&display, "xdotool", &["mousemove", "100", "300", "click", "1"]);
    until_mode(&fleet, &id, "user_control").await;
    run(&display, "xdotool", &["type", "--delay", "40", "Hello, World! (by VNC) äß€"]);
    until_text(&fleet, &id, "Hello, World! (by VNC) äß€").await;
    drop(viewer);
    until_mode(&fleet, &id, "ai_control").await;
}
