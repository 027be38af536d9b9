import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  root: here("."),
  publicDir: false,
  build: {
    target: "es2023",
    outDir: here("../dist/vnc"),
    emptyOutDir: true,
    // Pages may load what this server sends, and nothing that is part of an address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: here("vnc.html") },
  },
  // The page's address is a session's; its files have names of their own below `/vnc-assets/`.
  experimental: { renderBuiltUrl: (file) => `/vnc-assets/${file.replace(/^assets\//, "")}` },
});
