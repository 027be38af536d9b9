//! How much this machine can hold.

const MIB: u64 = 1024 * 1024;
/// What the programs themselves and the first browser take, measured with headless-shell.
const BASE: u64 = 300 * MIB;
/// A further browser with a page in it.
const PER_SESSION: u64 = 100 * MIB;
/// Pages rest most of the time; more than this on one core would only wait for each other.
const SESSIONS_PER_CORE: u64 = 8;

/// How many sessions to run here if nobody says.
pub fn sessions() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let by_memory = available_memory().map_or(u64::MAX, sessions_in);
    u32::try_from(by_memory.min(cores * SESSIONS_PER_CORE)).unwrap_or(u32::MAX)
}

/// How many sessions fit into so many bytes.
pub fn sessions_in(bytes: u64) -> u64 {
    bytes.saturating_sub(BASE) / PER_SESSION
}

/// In bytes; `None` where the system does not tell.
pub fn available_memory() -> Option<u64> {
    read_available(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn read_available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_figure_is_read() {
        assert_eq!(read_available("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"), Some(2048 * 1024));
        assert_eq!(read_available("MemTotal: 9 kB"), None);
    }

    #[test]
    fn there_is_an_answer_for_every_machine() {
        assert_eq!(sessions_in(100 * MIB), 0);
        assert_eq!(sessions_in(1_300 * MIB), 10);
        assert!(sessions() < 100_000);
    }
}
