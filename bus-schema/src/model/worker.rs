//! What workers say of themselves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{Pool, Region, WorkerId},
    model::time::Timestamp,
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
    pub simulated: bool,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
}

/// A value of the bucket `rk_leases_<region>`, renewed by CAS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub worker: WorkerId,
    /// Counts the renewals.
    pub n: u64,
}
