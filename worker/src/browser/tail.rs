//! The last words of a process.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

const KEPT: usize = 4 << 10;

/// Keeps the last 4 KiB of a stream that is read to its end, however much comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    pub async fn drain(self, mut stream: impl AsyncRead + Unpin) {
        let mut block = vec![0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut block).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&block[..n]);
            let surplus = kept.len().saturating_sub(KEPT);
            kept.drain(..surplus);
        }
    }

    pub fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_of_much_is_kept() {
        let tail = Tail::default();
        let mut text = vec![b'x'; 100_000];
        text.extend_from_slice(b"the end\n");
        tail.clone().drain(text.as_slice()).await;
        assert!(tail.text().ends_with("the end"));
        assert!(tail.text().len() <= KEPT);
    }
}
