//! Benchmarks and tests that see the whole system: real processes of the one binary, real NATS, real browsers.

pub mod cluster;
