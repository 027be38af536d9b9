// The session's clipboard in one document. The browser's own is that of other sessions too, and is neither read nor
// written: what would reach it ends here. Runs in a world that the page's scripts cannot enter; they have only events,
// and can do no more with those than ask what `navigator.clipboard` would be asked.

const LIMIT = 1 << 20;
const PATIENCE = 5000;
const isBinary = (type) => type.startsWith('image/') || type.startsWith('web ');

// Calls of the worker, one at a time: a page that calls without end fills no memory but its own.
const post = globalThis[binding];
const queue = [];
let waiting = null;
let count = 0;
const next = () => {
  const one = queue.shift();
  if (!one) return;
  count += 1;
  waiting = { id: count, resolve: one.resolve };
  post(JSON.stringify({ id: count, op: one.op, items: one.items }));
  setTimeout(answered, PATIENCE, count, { error: 'The clipboard does not answer.' });
};
const answered = (id, answer) => {
  if (!waiting || waiting.id !== id) return;
  waiting.resolve(answer);
  waiting = null;
  next();
};
const ask = (op, items) =>
  new Promise((resolve) => {
    queue.push({ op, items, resolve });
    if (!waiting) next();
  });

const fits = (items) =>
  Object.entries(items).reduce((sum, pair) => sum + new TextEncoder().encode(pair.join('')).length, 0) <= LIMIT;
const bounded = (items) => {
  if (fits(items)) return items;
  const { 'text/plain': text = '' } = items;
  if (text && fits({ 'text/plain': text })) return { 'text/plain': text };
  console.warn('What was copied is larger than 1 MiB. The clipboard is empty.');
  return {};
};

const toBytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

const transferOf = (items) => {
  const transfer = new DataTransfer();
  for (const [type, value] of Object.entries(items)) {
    if (!isBinary(type)) transfer.setData(type, value);
    else if (type.startsWith('image/')) transfer.items.add(new File([toBytes(value)], `image.${type.slice(6)}`, { type }));
  }
  return transfer;
};
const itemsOf = (transfer) => {
  const types = [...transfer.types].filter((type) => type !== 'Files' && !isBinary(type));
  return types.length ? Object.fromEntries(types.map((type) => [type, transfer.getData(type)])) : null;
};
const clipboardEvent = (type, clipboardData) =>
  new ClipboardEvent(type, { clipboardData, bubbles: true, cancelable: true, composed: true });

// Copies or cuts as the browser would: the page may put something of its own in place of what is selected.
const take = (type, target, inCommand) => {
  const event = clipboardEvent(type, new DataTransfer());
  if (!send(target, event)) return itemsOf(event.clipboardData);
  const el = type === 'cut' ? editor() : null;
  if (type === 'cut' && !el) return null;
  const items = selected();
  if (items && el) remove(el, inCommand);
  return items;
};

const paste = (all, plain) => {
  const items = plain ? Object.fromEntries(Object.entries(all).filter(([type]) => type === 'text/plain')) : all;
  if (!send(place(), clipboardEvent('paste', transferOf(items)))) return;
  const el = editor();
  const { 'text/plain': text, 'text/html': html } = items;
  if (!el || (!text && !html)) return;
  const rich = html && !isField(el) && !isPlain(el);
  const more = isField(el) ? { data: text } : { dataTransfer: transferOf(items) };
  if (!before(el, 'insertFromPaste', more)) return;
  if (rich) insertHtml(el, harmless(html));
  else if (text) insertText(el, text);
};

// What a page's script or the browser itself copies, cuts or pastes; keys are the worker's affair.
const onTrusted = (event) => {
  if (!event.isTrusted) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.type === 'paste') return;
  const items = take(event.type, event.composedPath()[0], true);
  if (items) ask('copied', bounded(items));
};

let pressed = null;
const onKey = (event) => {
  if (event.isTrusted && (event.ctrlKey || event.shiftKey)) pressed = event;
};
const listen = () => {
  for (const type of ['copy', 'cut', 'paste']) addEventListener(type, onTrusted, true);
  addEventListener('keydown', onKey, true);
};
listen();
// `document.open` takes all listeners away, and the children too.
new MutationObserver(listen).observe(document, { childList: true });

// `navigator.clipboard` and `navigator.permissions`, as the page's own script passes them on.
const policyOf = getter(Document.prototype, 'featurePolicy');
const refusal = (op) => {
  const name = op === 'read' ? 'clipboard-read' : 'clipboard-write';
  if (!policyOf(document).allowsFeature(name)) {
    return 'The Clipboard API has been blocked because of a permissions policy applied to the current document.';
  }
  return Document.prototype.hasFocus.call(document) ? null : 'Document is not focused.';
};
const serve = async ({ op, items }) => {
  if (op === 'rights') return ask(op);
  const error = refusal(op);
  if (error) return { error };
  if (op === 'write') return fits(items) ? ask(op, items) : { error: 'It is larger than 1 MiB.' };
  const answer = await ask('read');
  const html = answer.items?.['text/html'];
  if (html) answer.items['text/html'] = harmless(html).innerHTML;
  return answer;
};
// Not the window: `document.open` takes its listeners away.
const port = navigator.clipboard;
if (port) {
  port.addEventListener(channel, async (event) => {
    const { id, call } = JSON.parse(event.detail);
    if (!call || !['read', 'write', 'rights'].includes(call.op)) return;
    const answer = await serve(call);
    port.dispatchEvent(new CustomEvent(channel, { detail: JSON.stringify({ id, answer }) }));
  });
  // It tells when others copy.
  port.addEventListener('clipboardchange', (event) => event.isTrusted && event.stopImmediatePropagation());
}

globalThis.rookeryClipboard = {
  answered,
  // Whether the focus is in a frame inside, and whether the page kept the last shortcut for itself.
  look: () => {
    const kept = Boolean(pressed && pressed.defaultPrevented);
    pressed = null;
    return { inside: focused() instanceof HTMLIFrameElement, kept };
  },
  frame: () => focused(),
  take: (type) => {
    const items = take(type, place(), false);
    return items && bounded(items);
  },
  paste,
};
