import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The page of one session, `/view/{id}`. Its style sheet is named after its contents, so that it may be kept for ever. */
function page(): Plugin {
  return {
    name: "rookery-view-page",
    generateBundle() {
      const css = readFileSync(here("page.css"));
      const name = `page-${createHash("sha256").update(css).digest("hex").slice(0, 8)}.css`;
      const html = readFileSync(here("view.html"), "utf8").replace(
        "/view-assets/page.css",
        `/view-assets/${name}`,
      );
      this.emitFile({ type: "asset", fileName: `assets/${name}`, source: css });
      this.emitFile({ type: "asset", fileName: "view.html", source: html });
    },
  };
}

/** The style sheet is a template of the source; the white space in it need not travel. */
function style(): Plugin {
  const shorter = (code: string) =>
    code
      .replace(/\n\s*/g, " ")
      .replace(/([:;,{}]) +/g, "$1")
      .replace(/ +([{}])/g, "$1");
  return {
    name: "rookery-view-style",
    transform: (code, id) =>
      id.endsWith("/ui/style.ts") ? code.replace(/`[^`]*`/, (template) => shorter(template)) : undefined,
  };
}

export default defineConfig({
  root: here("."),
  publicDir: false,
  build: {
    target: "es2023",
    outDir: here("../dist/view"),
    emptyOutDir: true,
    // One module of a stable name, which pages of other origins load too.
    lib: { entry: here("src/index.ts"), formats: ["es"], fileName: () => "view.js" },
    // A library would keep its white space.
    rolldownOptions: { output: { minify: true } },
  },
  plugins: [style(), page()],
});
