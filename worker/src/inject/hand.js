// What a document needs while a person drives it by hand, in a world that the page's scripts cannot enter: lists that are
// part of the page, pickers that open with the person instead of here, and word of what is copied.

const OPTIONS = 500;
const CHARACTERS = 1000;
const COPIED = 1 << 20;
const TICK = 100;
const PICKERS = new Set(['date', 'time', 'datetime-local', 'month', 'week', 'color']);
const LISTED = new Set(['text', 'search', 'url', 'tel', 'email', 'number']);
// The browser draws the popup of a list outside of the page, unless its look is the page's own.
const LOOK = `select:not([multiple], [size]), select[size="1"]:not([multiple]), ::picker(select) { appearance: base-select !important; }`;
// A popup closes with what it hangs on.
const SHUT = `input:open::-webkit-calendar-picker-indicator, input[type="color"]:open { display: none !important; }`;

const post = globalThis[binding];
const tell = (op, more) => post(JSON.stringify({ op, ...more }));
const sheetOf = (text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
};
const [look, shut] = [sheetOf(LOOK), sheetOf(SHUT)];
const roots = new Set();
const adopt = (root) => {
  roots.add(root);
  if (!root.adoptedStyleSheets.includes(look)) root.adoptedStyleSheets.push(look);
};
const drop = (root, sheet) => {
  const at = root.adoptedStyleSheets.indexOf(sheet);
  if (at >= 0) root.adoptedStyleSheets.splice(at, 1);
};

// One picker at a time, as with the browser's own.
let open = null;
let count = 0;
let closing = false;
const shortened = (text) => String(text ?? '').slice(0, CHARACTERS);
const optionsOf = (el) =>
  [...(el.list?.options ?? [])]
    .filter((option) => !option.disabled && option.value)
    .slice(0, OPTIONS)
    .map((option) => ({ value: shortened(option.value), label: shortened(option.label) }));
const over = () => {
  if (!open) return;
  const { id } = open;
  open = null;
  tell('over', { id });
};
const offer = (el, kind) => {
  if (open?.el === el) return;
  over();
  count += 1;
  open = { id: count, el, type: el.type };
  const { value, min, max, step } = el;
  tell('open', { id: count, kind, value: shortened(value), min: shortened(min), max: shortened(max), step: shortened(step), options: optionsOf(el) });
  tick();
};
const lives = ({ el, type }) => el.isConnected && !el.matches(':disabled') && !el.readOnly && el.type === type;

// The browser knows best when it opens a picker, and says so by `:open`. It is closed before it is of any use.
const closeOwn = (root, el) => {
  const had = root.activeElement === el;
  closing = true;
  root.adoptedStyleSheets.push(shut);
  void el.offsetWidth;
  drop(root, shut);
  void el.offsetWidth;
  if (had && root.activeElement !== el) el.focus({ preventScroll: true });
  closing = false;
};
const lookForPickers = () => {
  for (const root of roots) {
    const el = root.querySelector('input:open');
    if (!el || !PICKERS.has(el.type)) continue;
    closeOwn(root, el);
    offer(el, el.type);
  }
};
let timer = 0;
const tick = () => {
  clearTimeout(timer);
  if (ended) return;
  lookForPickers();
  if (open && !lives(open)) over();
  // A script may open one for as long as it may act on what the person did.
  if (open || navigator.userActivation.isActive) timer = setTimeout(tick, TICK);
};
const soon = () => {
  clearTimeout(timer);
  timer = setTimeout(tick);
};

const innermost = (event) => event.composedPath()[0];
const isAsked = (event) => event.isTrusted || navigator.userActivation.isActive;
const hasList = (el) => el instanceof HTMLInputElement && LISTED.has(el.type) && !el.readOnly && !el.disabled && optionsOf(el).length > 0;
const onMeet = (event) => {
  for (const node of event.composedPath()) if (node instanceof ShadowRoot || node === document) adopt(node);
};
const onClick = (event) => {
  const el = innermost(event);
  if (el instanceof HTMLInputElement && el.type === 'color' && isAsked(event)) {
    // To close this popup would take the focus from its field.
    event.preventDefault();
    offer(el, 'color');
  } else if (event.isTrusted && hasList(el)) {
    offer(el, 'datalist');
  }
  soon();
};
const onKey = (event) => {
  onMeet(event);
  if (!event.isTrusted) return;
  const el = innermost(event);
  if (event.key === 'Escape') over();
  else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && hasList(el)) offer(el, 'datalist');
  soon();
};
const onPress = (event) => {
  onMeet(event);
  if (event.isTrusted && open && innermost(event) !== open.el) over();
};
const onFocus = (event) => {
  onMeet(event);
  if (closing) event.stopImmediatePropagation();
  else if (event.type === 'blur' && innermost(event) === open?.el && document.hasFocus()) over();
};

// What is copied is known when the page has had its say about it.
const whole = (text) => {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= COPIED) return { text };
  return { text: new TextDecoder().decode(bytes.subarray(0, COPIED)).replace(/\uFFFD+$/, ''), truncated: true };
};
const copied = (text) => {
  if (text) tell('copied', whole(text));
};
const chosen = (event) => {
  const el = innermost(event);
  if (el instanceof HTMLTextAreaElement || el instanceof HTMLInputElement) {
    // Of a password nothing is copied.
    return el.type === 'password' ? '' : el.value.slice(el.selectionStart ?? 0, el.selectionEnd ?? 0);
  }
  const root = el instanceof Node ? el.getRootNode() : document;
  return String((root instanceof ShadowRoot && root.getSelection?.()) || getSelection() || '');
};
const onCopy = (event) => {
  if (!event.isTrusted) return;
  const selected = chosen(event);
  let told = false;
  const last = () => {
    if (!told) copied(event.defaultPrevented ? event.clipboardData.getData('text/plain') : selected);
    told = true;
  };
  addEventListener(event.type, last, { once: true });
  setTimeout(() => {
    removeEventListener(event.type, last);
    // Who cancelled it and kept it from the window has laid something else there, which nobody can read any more.
    if (!told && !event.defaultPrevented) copied(selected);
    told = true;
  });
};
const port = navigator.clipboard;
const onWritten = (event) => copied(JSON.parse(event.detail ?? '""'));

const LISTENERS = {
  pointerover: onMeet, pointerdown: onPress, keydown: onKey, keyup: soon, click: onClick,
  focusin: onFocus, focusout: onFocus, focus: onFocus, blur: onFocus,
};
const COPIES = copies ? ['copy', 'cut'] : [];
let ended = false;
const listen = () => {
  if (ended) return;
  for (const [type, listener] of Object.entries(LISTENERS)) addEventListener(type, listener, true);
  for (const type of COPIES) addEventListener(type, onCopy, true);
  adopt(document);
};
listen();
// `document.open` takes all listeners away, and the children too.
const watcher = new MutationObserver(listen);
watcher.observe(document, { childList: true });
if (copies) port?.addEventListener(channel, onWritten);

const nativeValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
globalThis.rookeryHand = {
  element: (id) => (open?.id === id ? open.el : null),
  // Puts a value in as a person's choice; says what is wrong with it. `null`: the person has chosen none.
  answer: (id, value) => {
    if (open?.id !== id || !lives(open)) return 'gone';
    const { el } = open;
    open = null;
    if (value === null) return null;
    const before = nativeValue.get.call(el);
    nativeValue.set.call(el, value);
    const now = nativeValue.get.call(el);
    if (now !== value && PICKERS.has(el.type) && !(el.type === 'color' && now === value.toLowerCase())) {
      nativeValue.set.call(el, before);
      open = { id, el, type: el.type };
      tick();
      return 'bad';
    }
    if (now === before) return null;
    el.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    el.dispatchEvent(new Event('change', { bubbles: true }));
    return null;
  },
  end: () => {
    ended = true;
    clearTimeout(timer);
    watcher.disconnect();
    for (const [type, listener] of Object.entries(LISTENERS)) removeEventListener(type, listener, true);
    for (const type of COPIES) removeEventListener(type, onCopy, true);
    port?.removeEventListener(channel, onWritten);
    port?.dispatchEvent(new CustomEvent(`${channel}end`));
    for (const root of roots) drop(root, look);
    delete globalThis.rookeryHand;
  },
};
