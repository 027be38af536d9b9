//! Benchmarks and tests that see the whole system.
