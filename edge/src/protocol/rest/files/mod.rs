//! Files: staged for upload by commands, and fetched from the browser's downloads.

pub mod downloads;
pub mod name;
pub mod range;
pub mod uploads;

use bus_schema::model::rpc::FileInfo;
use serde::Serialize;
use utoipa::ToSchema;

/// Files of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileList {
    pub files: Vec<FileInfo>,
}
