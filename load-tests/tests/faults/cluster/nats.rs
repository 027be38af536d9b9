//! A NATS server that is stopped, or killed and started again, while sessions are used.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use load_tests::cluster::{Client, Cluster, SOON};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use tokio::task::JoinHandle;

const SESSIONS: usize = 12;
/// A request that was under way is answered by its own deadline and not before.
const IMPATIENT: Duration = Duration::from_secs(3);

/// Clients that use their sessions without pause.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(cluster: &Cluster, ids: &[String]) -> Self {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let tasks = ids.iter().enumerate().map(|(n, id)| {
            let edge = &cluster.edges[n % cluster.edges.len()];
            let (client, id, stop, answered) =
                (edge.client.clone(), id.clone(), stop.clone(), answered.clone());
            tokio::spawn(async move {
                while !stop.load(Relaxed) {
                    match client.evaluate_within(&id, "40+2", IMPATIENT).await {
                        Ok(value) => {
                            assert_eq!(value, 42);
                            answered.fetch_add(1, Relaxed);
                        }
                        // While there is no server nothing can be asked; what is said then must not be that the
                        // session is gone.
                        Err(error) => {
                            assert!(["unavailable", "timeout"].contains(&error.code()), "{id}: {error}");
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                }
            })
        });
        let tasks = tasks.collect();
        Self { stop, answered, tasks }
    }

    /// Waits until commands are answered again, by as many answers as there are sessions.
    async fn until_answered(&self) {
        let (before, deadline) = (self.answered.load(Relaxed), Instant::now() + SOON);
        while self.answered.load(Relaxed) < before + 4 * SESSIONS {
            assert!(Instant::now() < deadline, "commands are not answered any more");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn end(self) {
        self.stop.store(true, Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

async fn interrupted(interrupt: impl AsyncFnOnce(&mut Cluster)) {
    let mut cluster = Cluster::builder().edges(2).workers(2).slots(64).start().await.unwrap();
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(cluster.client().create(&json!({ "on_worker_loss": "fail" })).await.unwrap());
    }
    let ids: Vec<_> = sessions.iter().map(|session| Client::id(session).to_owned()).collect();
    let load = Load::start(&cluster, &ids);
    load.until_answered().await;
    interrupt(&mut cluster).await;
    load.until_answered().await;
    load.end().await;
    for (id, before) in ids.iter().zip(&sessions) {
        let client = cluster.client();
        let session = client.session_until(id, |session| session["state"] == "ready").await.unwrap();
        assert_eq!((&session["worker"], &session["epoch"]), (&before["worker"], &json!(1)), "{session}");
        assert_eq!(client.evaluate(id, "40+2").await.unwrap(), 42);
        assert!(super::ends(&cluster, id).await.is_empty());
    }
    let after = cluster.client().create(&json!({})).await.unwrap();
    assert_eq!(after["state"], "ready", "new sessions are made as before");
}

#[tokio::test]
async fn stopped_for_three_seconds_it_costs_no_session() {
    interrupted(async |cluster| {
        let pid = Pid::from_raw(cluster.nats.pid().unwrap().try_into().unwrap());
        kill(pid, Signal::SIGSTOP).unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        kill(pid, Signal::SIGCONT).unwrap();
    })
    .await;
}

#[tokio::test]
async fn killed_and_started_again_under_load_it_costs_no_session() {
    interrupted(async |cluster| {
        for _ in 0..2 {
            cluster.nats.kill();
            // Longer than leases are valid, so that every worker stops and must find its way back.
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            cluster.nats.restart();
            cluster.client().until_workers(2, 0).await.unwrap();
        }
    })
    .await;
}
