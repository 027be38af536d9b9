// A constructed style sheet: a strict policy refuses inline ones. The colours are the console's.

const css = `
:host {
  color-scheme: light dark;
  --ground: light-dark(#f6f6fa, #111118);
  --surface: light-dark(#ffffff, #191922);
  --hover: light-dark(#f0f0f7, #20202b);
  --line: light-dark(#e3e3ee, #2b2b39);
  --strong-line: light-dark(#8a8aa3, #6b6b85);
  --ink: light-dark(#1a1a28, #ebebf5);
  --muted: light-dark(#585870, #a3a3ba);
  --accent: light-dark(#4338ca, #a5a0ff);
  --on-accent: light-dark(#ffffff, #16132f);
  --accent-soft: light-dark(#ecebfd, #272546);
  --good: light-dark(#0b6b4f, #6fe0b7);
  --warn: light-dark(#8a5200, #f2bd6b);
  --warn-soft: light-dark(#fdf3e1, #33291a);
  --bad: light-dark(#b3261e, #ff9a92);
  display: block; position: relative; height: 600px; min-height: 160px; overflow: hidden; contain: content;
  background: var(--ground); color: var(--ink);
  font: 13px/20px "Inter Variable", system-ui, "Noto Sans CJK JP", sans-serif; font-variant-numeric: tabular-nums;
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
.view { display: flex; flex-direction: column; position: absolute; inset: 0; container-type: inline-size; }
.view[data-controls="bar"] :is(.tabs, .navigation), .view[data-controls="none"] :is(.tabs, .navigation, .control, .status) { display: none; }

button, input, select, textarea { font: inherit; color: inherit; }
button, .button {
  display: inline-flex; align-items: center; justify-content: center; gap: 8px; flex: none; height: 32px; padding: 0 12px;
  border: 1px solid var(--line); border-radius: 8px; background: var(--surface); font-weight: 500; white-space: nowrap;
  text-decoration: none; color: var(--ink); cursor: pointer; touch-action: manipulation;
}
button:hover:not(:disabled) { background: var(--hover); }
button:disabled { color: var(--muted); cursor: default; opacity: 0.6; }
button.primary, .button { border-color: transparent; background: var(--accent); color: var(--on-accent); }
button.primary:hover:not(:disabled) { background: color-mix(in oklab, var(--accent) 88%, var(--ink)); }
button.quiet { position: relative; width: 32px; padding: 0; border-color: transparent; background: none; color: var(--muted); }
button.quiet:hover:not(:disabled) { background: var(--hover); color: var(--ink); }
button.quiet[aria-pressed="true"] { background: var(--accent-soft); color: var(--accent); }
button[data-count]::after {
  content: attr(data-count); position: absolute; top: -1px; right: -2px; min-width: 14px; padding: 0 3px; border-radius: 8px;
  background: var(--accent); color: var(--on-accent); font: 600 10px/14px system-ui;
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: -1px; }
input, select, textarea {
  height: 32px; min-width: 0; padding: 0 8px; border: 1px solid var(--strong-line); border-radius: 8px; background: var(--surface);
}
textarea { height: auto; padding: 8px; resize: vertical; }
input[type="color"] { width: 100%; height: 48px; padding: 4px; }
input[type="file"] { height: auto; padding: 8px; border-style: dashed; }
.icon { width: 16px; height: 16px; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
.muted { color: var(--muted); }
.mono { font-family: ui-monospace, "SF Mono", "Liberation Mono", Menlo, monospace; font-size: 12px; overflow-wrap: anywhere; }
.gap { flex: 1; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.tabs { display: flex; align-items: center; gap: 4px; height: 40px; padding: 4px 8px 0; background: var(--ground); }
.tablist { display: flex; gap: 4px; min-width: 0; height: 100%; margin: 0; padding: 0; list-style: none; overflow-x: auto; scrollbar-width: none; }
.tab {
  display: flex; align-items: center; flex: 0 1 200px; min-width: 96px; border: 1px solid transparent; border-bottom: 0;
  border-radius: 8px 8px 0 0; color: var(--muted);
}
.tab:hover { background: var(--hover); }
.tab.active { color: var(--ink); box-shadow: inset 0 -2px var(--strong-line); }
.tab.shown { border-color: var(--line); background: var(--surface); color: var(--ink); box-shadow: none; }
.tabname { flex: 1; justify-content: flex-start; min-width: 0; height: 100%; padding: 0 4px 0 12px; border: 0; background: none; color: inherit; font-weight: 400; }
.tab.shown .tabname { font-weight: 500; }
.tabname:hover:not(:disabled) { background: none; }
.title { overflow: hidden; text-overflow: ellipsis; }
button.tabclose { width: 24px; height: 24px; margin-right: 4px; }
.tabclose .icon { width: 12px; height: 12px; }

.navigation { display: flex; align-items: center; gap: 4px; height: 48px; padding: 8px; border-bottom: 1px solid var(--line); background: var(--surface); }
.navigation input { flex: 1; margin: 0 4px; padding: 0 12px; border-color: var(--line); background: var(--ground); }
.navigation input:read-only { color: var(--muted); }

.driver { display: flex; align-items: center; gap: 8px; min-height: 40px; padding: 4px 8px 4px 16px; border-bottom: 1px solid var(--line); background: var(--surface); }
.dot { flex: none; width: 8px; height: 8px; border-radius: 50%; background: var(--strong-line); }
.who { font-weight: 600; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.note { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--muted); }
.note::before { content: "“"; } .note::after { content: "”"; }
.who:has(+ .note[hidden]) { flex: 1; }
[data-driver="you"] .driver { background: var(--accent-soft); }
[data-driver="you"] .dot { background: var(--accent); }
[data-driver="other"] .dot, [data-driver="paused"] .dot { background: var(--warn); }
.banner { display: flex; align-items: center; gap: 8px; padding: 8px 8px 8px 16px; border-bottom: 1px solid var(--line); background: var(--warn-soft); }
.banner .text { flex: 1; min-width: 0; overflow-wrap: anywhere; white-space: pre-line; max-height: 120px; overflow-y: auto; }
.hint { animation: hint 0.9s ease-out; }
@keyframes hint { 20%, 60% { box-shadow: 0 0 0 4px color-mix(in oklab, var(--accent) 40%, transparent); } }

.stage { position: relative; flex: 1; min-height: 0; background: var(--ground); }
.surface { position: absolute; inset: 0; overflow: hidden; user-select: none; -webkit-user-select: none; }
.surface[data-driven] { touch-action: none; }
.picture { position: absolute; visibility: hidden; }
.picture[data-ready] { visibility: visible; box-shadow: 0 0 0 1px var(--line); }
textarea.keys {
  position: absolute; left: 0; bottom: 0; width: 1px; height: 1px; min-height: 0; padding: 0; border: 0; opacity: 0; resize: none;
  overflow: hidden; pointer-events: none; font-size: 16px; caret-color: transparent;
}
.surface:has(textarea.keys:focus) .picture { box-shadow: 0 0 0 2px var(--accent); }

.overlay { position: absolute; inset: 0; display: grid; place-items: center; padding: 24px; background: var(--ground); text-align: center; }
.overlay.light { background: color-mix(in oklab, var(--ground) 72%, transparent); }
.words { display: grid; justify-items: center; gap: 8px; max-width: 480px; }
.overlay.light .words { padding: 16px 24px; border: 1px solid var(--line); border-radius: 16px; background: var(--surface); }
.words p { margin: 0; color: var(--muted); }
h2 { margin: 0; font: 600 16px/24px inherit; font-size: 16px; line-height: 24px; }

.sheets { position: absolute; inset: 0; display: grid; place-items: center; padding: 16px; overflow: auto; background: rgb(0 0 0 / 0.32); }
.sheet form { display: grid; gap: inherit; }
.sheet {
  display: grid; gap: 16px; width: min(400px, 100%); padding: 16px; border: 1px solid var(--line); border-radius: 16px;
  background: var(--surface); box-shadow: 0 8px 32px rgb(0 0 0 / 0.24); outline: none;
}
.sheets:has(.placed) { background: none; }
.sheet.placed { position: absolute; width: 280px; gap: 8px; padding: 12px; border-radius: 12px; }
.sheet label { display: grid; gap: 4px; color: var(--muted); }
.sheet label > * { color: var(--ink); }
.sheet p { margin: 0; }
.message { max-height: 240px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.actions { display: flex; justify-content: flex-end; gap: 8px; }
.made { display: flex; gap: 8px; } .made:empty { display: none; } .made input { flex: 1; }
.options { display: grid; max-height: 240px; overflow: auto; }
.option { justify-content: space-between; width: 100%; border: 0; border-radius: 4px; font-weight: 400; }
.files { display: grid; gap: 8px; margin: 0; padding: 0; list-style: none; max-height: 320px; overflow: auto; }
.files li { display: flex; justify-content: space-between; gap: 16px; overflow-wrap: anywhere; }
a { color: var(--accent); }

.toasts { position: absolute; left: 0; right: 0; bottom: 16px; display: grid; justify-items: center; gap: 8px; padding: 0 16px; pointer-events: none; }
.toast {
  display: flex; align-items: center; gap: 12px; max-width: 560px; padding: 8px 8px 8px 16px; border: 1px solid var(--line); border-radius: 8px;
  background: var(--surface); box-shadow: 0 4px 16px rgb(0 0 0 / 0.16); pointer-events: auto; overflow-wrap: anywhere;
}
.toast :is(button, a) { height: 24px; padding: 0 8px; border-radius: 4px; }

.status { display: flex; align-items: center; gap: 16px; height: 24px; padding: 0 16px; border-top: 1px solid var(--line); background: var(--surface); color: var(--muted); font-size: 12px; white-space: nowrap; overflow: hidden; }
.connection { font-weight: 500; }
.connection::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 8px; border-radius: 50%; background: var(--strong-line); }
[data-connection="open"][data-life="ready"] .connection::before { background: var(--good); }
[data-connection="lost"] .connection::before, [data-life="recovering"] .connection::before { background: var(--warn); }
.figures { min-width: 168px; }
.viewers { flex: 1; overflow: hidden; text-overflow: ellipsis; }

@container (max-width: 560px) {
  .tabs { height: 36px; } .tab { flex-basis: 128px; }
  .navigation { flex-wrap: wrap; justify-content: space-between; height: auto; padding: 8px 4px; }
  .navigation input { order: -1; flex-basis: calc(100% - 8px); }
  .driver { padding-left: 12px; }
  .banner { flex-wrap: wrap; } .banner .text { flex-basis: 100%; }
  .status { padding: 0 12px; } .status .keys { display: none; }
  .driver button { padding: 0 10px; }
}
@media (pointer: coarse) { .driver button, .sheet button, .navigation button { height: 40px; }   .navigation { height: auto; } .navigation input { height: 40px; font-size: 16px; } }
@media (prefers-reduced-motion: reduce) { .hint { animation: none; outline: 2px solid var(--accent); } }
@media (forced-colors: active) { .dot, .connection::before { forced-color-adjust: none; } }
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for all views of a page. */
export function style(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  return sheet;
}
