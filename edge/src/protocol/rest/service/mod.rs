//! The gateway about itself. Reached without a token: probes and scrapers have none, and nothing of a tenant is here.

pub mod health;
pub mod metrics;
pub mod openapi;
