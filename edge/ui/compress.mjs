// Puts a compressed copy beside each built file that is worth it: the server has no time for that when it is asked.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const worth = /\.(html|js|css|svg)$/;
const dist = new URL("dist/", import.meta.url);
for (const name of readdirSync(dist, { recursive: true })) {
  if (!worth.test(name)) continue;
  const file = new URL(name, dist);
  writeFileSync(`${file.pathname}.gz`, gzipSync(readFileSync(file), { level: 9 }));
}
