//! The wire form of every message: what is written is read back, old bytes are still read, noise is refused.

#[cfg(test)]
mod golden;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod strategies;
#[cfg(test)]
mod unknown_fields;
