//! The client that speaks the bus.
