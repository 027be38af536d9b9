//! What a client can ask of a new session.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{Class, Pool, Region};

/// Labels are set by clients, shown in lists and filtered on.
pub type Labels = BTreeMap<String, String>;

/// Body of `POST /v1/sessions`. Every field is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreateSession {
    /// Shown in lists. At most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 32 pairs; keys up to 63 and values up to 255 characters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
    /// Opened before the session is ready: http, https, about:blank or data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub browser: BrowserKind,
    pub isolation: Isolation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    pub priority: Class,
    pub viewport: Viewport,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// BCP 47, e.g. `de-DE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// IANA name, e.g. `Europe/Berlin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geolocation: Option<Geolocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_scheme: Option<ColorScheme>,
    /// Granted to every origin, e.g. `geolocation`, `clipboard-read`, `notifications`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_credentials: Option<HttpCredentials>,
    /// Sent with every request of the session.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    pub ignore_https_errors: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// Playwright's storage state: cookies and local storage by origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_state: Option<StorageState>,
    /// Run in every document before its own scripts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub init_scripts: Vec<String>,
    /// Browser switches from a closed list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// The session ends after this long without a command, CDP message or input. 1 to 86 400.
    pub idle_timeout_s: IdleTimeout,
    /// 1 to 604 800.
    pub max_lifetime_s: MaxLifetime,
    /// How long the request may wait for a free slot. 1 to 3 600, and at most 600 behind a full stream.
    pub queue_timeout_s: QueueTimeout,
    pub on_disconnect: OnDisconnect,
    /// How long the session outlives its last client where `on_disconnect` is `close`. 0 to 3 600.
    pub keep_alive_s: KeepAlive,
    pub on_worker_loss: OnWorkerLoss,
    pub on_browser_crash: OnBrowserCrash,
    /// A dialog that nobody answers is dismissed after this long. 0 to 600.
    pub dialog_timeout_s: DialogTimeout,
    /// Keeps a film of the session, for `GET /v1/sessions/{id}/recording`.
    pub recording: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}

macro_rules! seconds {
    ($($name:ident = $default:literal),* $(,)?) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl $name {
            pub fn duration(self) -> Duration {
                Duration::from_secs(u64::from(self.0))
            }
        }
    )*};
}

seconds!(IdleTimeout = 300, MaxLifetime = 3600, QueueTimeout = 60, KeepAlive = 60, DialogTimeout = 5);

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum BrowserKind {
    /// chromium-headless-shell: a third of the memory and three times the starts per second.
    #[default]
    HeadlessShell,
    /// Full Chromium.
    Chrome,
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// A browser process of its own, never reused.
    #[default]
    Process,
    /// A browser context in a browser shared by sessions of the same tenant: denser, with less between them.
    Context,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Viewport {
    /// CSS pixels, 1 to 8 192; width × height at most 33 554 432.
    pub width: u32,
    pub height: u32,
    /// Device pixels per CSS pixel, above 0 and at most 4.
    #[serde(default = "one")]
    pub scale: f64,
    #[serde(default)]
    pub mobile: bool,
    #[serde(default)]
    pub touch: bool,
}

fn one() -> f64 {
    1.0
}

impl Default for Viewport {
    fn default() -> Self {
        Self { width: 1280, height: 720, scale: 1.0, mobile: false, touch: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Geolocation {
    /// Degrees, −90 to 90.
    pub latitude: f64,
    /// Degrees, −180 to 180.
    pub longitude: f64,
    /// Metres.
    #[serde(default)]
    pub accuracy: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColorScheme {
    Light,
    Dark,
    NoPreference,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCredentials {
    pub username: String,
    pub password: String,
    /// Only sent to this origin, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl std::fmt::Debug for HttpCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpCredentials").field("username", &self.username).finish_non_exhaustive()
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// `http://host:port`, `https://…` or `socks5://…`.
    pub server: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Hosts reached directly: `example.com`, `.example.com`, `*.example.com`, an address or `<local>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bypass: Vec<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy")
            .field("server", &self.server)
            .field("bypass", &self.bypass)
            .finish_non_exhaustive()
    }
}

/// Playwright's storage state.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StorageState {
    pub cookies: Vec<Cookie>,
    pub origins: Vec<OriginState>,
}

impl std::fmt::Debug for StorageState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Cookies and storage are credentials: counted, never shown.
        write!(f, "StorageState({} cookies, {} origins)", self.cookies.len(), self.origins.len())
    }
}

#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Unix time in seconds; −1 or absent for a session cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<f64>,
    #[serde(default)]
    pub http_only: bool,
    #[serde(default)]
    pub secure: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_site: Option<SameSite>,
    /// Top-level site of a partitioned cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<String>,
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum SameSite {
    Strict,
    Lax,
    None,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OriginState {
    pub origin: String,
    #[serde(default)]
    pub local_storage: Vec<StorageItem>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageItem {
    pub name: String,
    pub value: String,
}

impl std::fmt::Debug for StorageItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageItem").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A named storage state that the fleet keeps for the tenant in the session's region: loaded at the start, under what
/// `storage_state` brings, and written at the end if `save`. Of several sessions that save, the last to end counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub name: String,
    #[serde(default)]
    pub save: bool,
}

/// Where the session may go, its pages' own requests included. Patterns as in `proxy.bypass`; `block` wins, and an
/// address in it also stands for names that lead there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Empty: everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub block: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDisconnect {
    #[default]
    Keep,
    Close,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnWorkerLoss {
    #[default]
    Recover,
    Fail,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnBrowserCrash {
    #[default]
    Recover,
    End,
}

/// Body of `PATCH /v1/sessions/{id}`. What is absent stays; labels are replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PatchSession {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_lifetime_s: Option<u32>,
}
