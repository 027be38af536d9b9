//! `isolation: context`: browsers that several sessions of one tenant share.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use actors::port::StartError;
use bus_schema::{
    Tenant,
    model::{
        create::{BrowserKind, CreateSession},
        entry::Entry,
    },
};
use tokio::sync::Mutex;

use super::fleet::{Inner, args};
use crate::browser::{
    Context, Process, SharedBrowser,
    proxy::{ForwardProxy, Policy, Upstream, UpstreamError},
};

/// Contexts in one browser: more of them share one fate.
const CONTEXTS: usize = 16;

/// What sessions must have in common to share a browser: the tenant, and what goes for the whole of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    tenant: Tenant,
    kind: BrowserKind,
    args: Vec<String>,
    /// The upstream proxy and the policy, as they were asked for.
    proxy: Option<String>,
    policy: Option<String>,
}

impl Key {
    fn of(entry: &Entry) -> Self {
        Self {
            tenant: entry.tenant.clone(),
            kind: entry.spec.browser,
            args: entry.spec.args.clone(),
            proxy: entry.spec.proxy.as_ref().and_then(|p| serde_json::to_string(p).ok()),
            policy: entry.spec.policy.as_ref().and_then(|p| serde_json::to_string(p).ok()),
        }
    }
}

/// Sends a browser's traffic where its session wants it, and keeps it from where it must not go.
pub(super) fn direct(proxy: &ForwardProxy, spec: &CreateSession) -> Result<(), UpstreamError> {
    if let Some(policy) = &spec.policy {
        proxy.set_policy(Policy::from(policy));
    }
    if let Some(upstream) = &spec.proxy {
        proxy.set_upstream(Some(Upstream::try_from(upstream)?));
    }
    Ok(())
}

/// A shared browser with its process and proxy. It goes with the last session in it.
pub(super) struct SharedEntry {
    pub(super) browser: SharedBrowser,
    pub(super) process: Arc<Process>,
    proxy: Arc<ForwardProxy>,
}

#[derive(Default)]
pub(super) struct Shared {
    browsers: Mutex<HashMap<Key, Vec<Weak<SharedEntry>>>>,
}

impl Shared {
    /// A context in a browser with room, or in a new one.
    pub(super) async fn context(
        &self,
        inner: &Arc<Inner>,
        entry: &Entry,
    ) -> Result<(Arc<SharedEntry>, Context, Arc<ForwardProxy>), StartError> {
        let fail = |e: &dyn std::fmt::Display| StartError { detail: e.to_string(), retryable: true };
        let mut browsers = self.browsers.lock().await;
        browsers.retain(|_, of_key| {
            of_key.retain(|weak| weak.strong_count() > 0);
            !of_key.is_empty()
        });
        let key = Key::of(entry);
        let of_key = browsers.entry(key).or_default();
        let has_room = |s: &Arc<SharedEntry>| s.browser.len() < CONTEXTS && s.process.exit_reason().is_none();
        let shared = match of_key.iter().filter_map(Weak::upgrade).find(has_room) {
            Some(shared) => shared,
            None => {
                let (process, proxy) = inner.launch(entry.spec.browser, args(entry)?, true).await?;
                direct(&proxy, &entry.spec).map_err(|e| fail(&e))?;
                let browser = SharedBrowser::open(Arc::clone(&process)).await.map_err(|e| fail(&e))?;
                let shared = Arc::new(SharedEntry { browser, process, proxy });
                of_key.push(Arc::downgrade(&shared));
                shared
            }
        };
        let context = shared.browser.create_context().await.map_err(|e| fail(&e))?;
        let proxy = Arc::clone(&shared.proxy);
        Ok((shared, context, proxy))
    }
}
