import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv, type ProxyOptions } from "vite";

const here = new URL(".", import.meta.url).pathname;

/** To work on the console: `ROOKERY_UI_SERVER=http://127.0.0.1:8080 npx vite --config console/vite.config.ts`. */
function proxy(mode: string): Record<string, ProxyOptions> {
  const server = new URL(loadEnv(mode, here, "ROOKERY_UI_").ROOKERY_UI_SERVER ?? "http://127.0.0.1:8080");
  // The server refuses a `Host` and an `Origin` that are not its own.
  const pass = { target: server.href, changeOrigin: true, ws: true, headers: { origin: server.origin } };
  const paths = ["v1", "metrics", "whoami", "logout", "view", "vnc", "demo", "docs", "openapi.json"];
  // `/login` is a page of the console and, posted to, an address of the server.
  const login = {
    ...pass,
    bypass: (r: { method?: string }) => (r.method === "POST" ? undefined : "/index.html"),
  };
  return { "/login": login, [`^/(${paths.join("|")})([/.?].*)?$`]: pass };
}

export default defineConfig(({ mode }) => ({
  root: here,
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "../dist/console",
    emptyOutDir: true,
    target: "es2022",
    // Inlined as `data:`, the font would need a wider policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: proxy(mode) },
}));
