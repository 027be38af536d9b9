// What is typed into the command box: `click Save`, `navigate {"url": "…", "wait_until": "commit"}`, or a whole body.

export interface Action {
  name: string;
  about: string;
  /** What is put into the box when the action is picked. */
  template: string;
  /** Makes the fields from plain text after the action; without it there is none. */
  plain?: (text: string) => Record<string, unknown>;
}

const target = (text: string) => ({ target: /^e\d+$/.test(text) ? { ref: text } : { text } });

/** Every action of the API; `command.test.ts` holds the list against it. */
export const ACTIONS: readonly Action[] = [
  { name: "navigate", about: "Go to a page", template: "navigate ", plain: (url) => ({ url: schemed(url) }) },
  {
    name: "observe",
    about: "What the page shows, as an outline with refs",
    template: "observe",
    plain: (preset) => ({ preset }),
  },
  { name: "click", about: "By text or ref", template: "click ", plain: target },
  { name: "type", about: "Into the focused field", template: "type ", plain: (text) => ({ text }) },
  { name: "press", about: "Keys, such as Control+A", template: "press ", plain: (keys) => ({ keys }) },
  {
    name: "evaluate",
    about: "JavaScript in the page",
    template: "evaluate ",
    plain: (expression) => ({ expression }),
  },
  {
    name: "screenshot",
    about: "A picture of the page",
    template: "screenshot",
    plain: (format) => ({ format }),
  },
  {
    name: "content",
    about: "html, text or markdown",
    template: "content markdown",
    plain: (format) => ({ format }),
  },
  { name: "reload", about: "Load the page again", template: "reload" },
  { name: "back", about: "One page back", template: "back" },
  { name: "forward", about: "One page forward", template: "forward" },
  { name: "wait_for", about: "Until a text is there", template: "wait_for ", plain: target },
  { name: "fill_form", about: "Fields by their labels", template: 'fill_form {"fields": {"": ""}}' },
  {
    name: "select_option",
    about: "Of a select",
    template: 'select_option {"target": {"label": ""}, "labels": [""]}',
  },
  {
    name: "check",
    about: "A box, by its label",
    template: "check ",
    plain: (label) => ({ target: { label } }),
  },
  {
    name: "uncheck",
    about: "A box, by its label",
    template: "uncheck ",
    plain: (label) => ({ target: { label } }),
  },
  { name: "hover", about: "By text or ref", template: "hover ", plain: target },
  { name: "scroll", about: "To top or bottom", template: "scroll bottom", plain: (to) => ({ to }) },
  {
    name: "drag",
    about: "From one target to another",
    template: 'drag {"from": {"selector": ""}, "to": {"selector": ""}}',
  },
  {
    name: "upload",
    about: "Staged files into a field",
    template: 'upload {"target": {"label": ""}, "files": [""]}',
  },
  {
    name: "set_viewport",
    about: "The size of the page",
    template: 'set_viewport {"width": 1280, "height": 720}',
  },
  { name: "dialog", about: "Answer an open dialog", template: 'dialog {"accept": true}' },
  { name: "tabs", about: "The open tabs", template: "tabs" },
  { name: "new_tab", about: "Open a tab", template: "new_tab ", plain: (url) => ({ url: schemed(url) }) },
  {
    name: "activate_tab",
    about: "By its number",
    template: "activate_tab ",
    plain: (tab) => ({ tab: Number(tab) }),
  },
  {
    name: "close_tab",
    about: "By its number",
    template: "close_tab ",
    plain: (tab) => ({ tab: Number(tab) }),
  },
  { name: "cookies_get", about: "Cookies of the session", template: "cookies_get" },
  {
    name: "cookies_set",
    about: "Set cookies",
    template: 'cookies_set {"cookies": [{"name": "", "value": "", "url": ""}]}',
  },
  { name: "cookies_clear", about: "Forget all cookies", template: "cookies_clear" },
  { name: "storage_get", about: "Cookies and local storage", template: "storage_get" },
  {
    name: "storage_set",
    about: "The same, set",
    template: 'storage_set {"storage_state": {"cookies": [], "origins": []}}',
  },
  { name: "pdf", about: "The page as PDF", template: "pdf" },
  {
    name: "mouse",
    about: "Move, down or up at a point",
    template: 'mouse {"event": "move", "x": 0, "y": 0}',
  },
  { name: "key", about: "Hold a key down, or let it go", template: 'key {"event": "down", "key": "Shift"}' },
];

/** With a scheme, as people leave it out: this machine rarely speaks HTTPS, others mostly do. */
function schemed(url: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(url) && !/^[^/:]+:\d+(\/|$)/.test(url)) return url;
  return /^(localhost|127\.0\.0\.1|\[::1\])([:/]|$)/.test(url) ? `http://${url}` : `https://${url}`;
}

export type Command = { action: string } & Record<string, unknown>;

/** The body of the command; throws what is wrong with it, for people. */
export function parseCommand(text: string): Command {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) {
    const body = parseJson(trimmed);
    if (typeof body.action !== "string") throw new Error("the body has no action");
    return { ...body, action: body.action };
  }
  const [, name = "", rest = ""] = /^(\S+)\s*([\s\S]*)$/.exec(trimmed) ?? [];
  if (name === "") throw new Error("type an action, such as navigate example.com");
  const action = ACTIONS.find((known) => known.name === name);
  if (action === undefined) throw new Error(`there is no action “${name}”`);
  if (rest === "") return { action: name };
  // A script may begin with a brace too.
  if (rest.startsWith("{") && name !== "evaluate") return { ...parseJson(rest), action: name };
  if (action.plain === undefined)
    throw new Error(`${name} takes its fields as JSON, such as ${action.template}`);
  return { ...action.plain(rest), action: name };
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (wrong) {
    throw new Error(`not JSON: ${wrong instanceof Error ? wrong.message : wrong}`);
  }
}

/** Actions that what is typed may become, as long as it is one word. */
export function completions(text: string): readonly Action[] {
  if (!/^\w*$/.test(text)) return [];
  const begin = ACTIONS.filter((action) => action.name.startsWith(text) && action.name !== text);
  const within = ACTIONS.filter((action) => action.name.includes(text) && !action.name.startsWith(text));
  return text === "" ? ACTIONS : [...begin, ...within];
}
