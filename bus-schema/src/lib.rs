//! What is on the bus: the types every crate sees, their wire form, subjects, streams and errors.
