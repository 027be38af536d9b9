//! The gateway about itself, and how one logs in. Reached without a token: probes and scrapers have none, and nothing of a
//! tenant is here.

pub mod health;
pub mod login;
pub mod metrics;
pub mod openapi;
