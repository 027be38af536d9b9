//! A gateway: one module per client protocol over one protocol-neutral gateway.
