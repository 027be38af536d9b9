//! A fleet of real processes, and what speaks to it.

pub mod fleet;
pub mod http;
pub mod nats;
pub mod site;
pub mod socket;

use std::time::{Duration, Instant};

pub use fleet::Fleet;
pub use http::Answer;
pub use site::Site;
pub use socket::Socket;

pub const SOON: Duration = Duration::from_secs(20);

/// Waits until `look` gives something, and says what it saw last if it never does.
pub async fn until<T, F: Future<Output = Result<T, String>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        match look().await {
            Ok(value) => return value,
            Err(last) if Instant::now() > deadline => panic!("waited for {what}: {last}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
