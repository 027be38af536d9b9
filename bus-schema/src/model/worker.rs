//! What workers say of themselves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{Pool, Region, WorkerId},
    model::{create::BrowserKind, time::Timestamp},
};

/// A value of the bucket `rk_workers_<region>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Worker {
    pub id: WorkerId,
    pub region: Region,
    pub pools: Vec<Pool>,
    pub version: String,
    pub host: String,
    pub pid: u32,
    pub slots: u32,
    /// Sessions it owns.
    pub busy: u32,
    /// Warm browsers ready to be handed out.
    pub warm: u32,
    /// 0 (idle) to 1 (full): the highest of slots, memory and CPU pressure.
    pub pressure: f64,
    /// It claims nothing new.
    pub draining: bool,
    /// It cannot renew its lease and has stopped its browsers.
    pub frozen: bool,
    pub browsers: Vec<String>,
    /// What those browsers that have run say of themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<BrowserVersion>,
    pub simulated: bool,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
}

/// What a browser answers to CDP's `Browser.getVersion`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrowserVersion {
    /// As in `browser` of a session.
    pub kind: BrowserKind,
    /// For example `HeadlessChrome/156.0.8078.79`.
    pub product: String,
    pub protocol: String,
    pub user_agent: String,
    pub js: String,
    pub revision: String,
}

/// A value of the bucket `rk_leases_<region>`, renewed by CAS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub worker: WorkerId,
    /// Counts the renewals.
    pub n: u64,
}
