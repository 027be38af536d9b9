// Frames and bytes of the last seconds.

const WINDOW = 2_000;

export class Meter {
  #seen: { at: number; bytes: number }[] = [];

  take(bytes: number, now: number): void {
    this.#seen.push({ at: now, bytes });
    this.#forget(now);
  }

  /** Frames and bits a second. */
  read(now: number): { fps: number; bits: number } {
    this.#forget(now);
    const bytes = this.#seen.reduce((sum, one) => sum + one.bytes, 0);
    return { fps: (this.#seen.length * 1_000) / WINDOW, bits: (bytes * 8_000) / WINDOW };
  }

  #forget(now: number): void {
    const from = this.#seen.findIndex((one) => now - one.at < WINDOW);
    this.#seen = from < 0 ? [] : this.#seen.slice(from);
  }
}

export function bandwidth(bits: number): string {
  if (bits >= 1e6) return `${(bits / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bits / 1e3)} kbit/s`;
}

export function size(bytes: number): string {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return bytes >= 1e3 ? `${Math.round(bytes / 1e3)} kB` : `${bytes} B`;
}
