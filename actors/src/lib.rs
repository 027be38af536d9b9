//! The supervised actors: what decides is pure, the shells around it are thin.
