// What a document needs while a person drives it by hand, in a world that the page's scripts cannot enter: lists that are
// part of the page, pickers that open with the person instead of here, and word of what is copied.

const OPTIONS = 500;
const CHARACTERS = 1000;
const ALL_OPTIONS = 100_000;
const COPIED = 1 << 20;
const TICK = 100;
const SETTLE = 300;
const CURSOR_EVERY = 50;
const LABEL = 100;
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
let [look, shut] = [sheetOf(LOOK), sheetOf(SHUT)];
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
let closed = null;
const shortened = (text) => String(text ?? '').slice(0, CHARACTERS);
// As many as one note has room for.
const optionsOf = (el) => {
  let room = ALL_OPTIONS;
  return [...(el.list?.options ?? [])]
    .filter((option) => !option.disabled && option.value && option.value.length <= CHARACTERS)
    .slice(0, OPTIONS)
    .map((option) => ({ value: option.value, label: shortened(option.label || option.value) }))
    .filter(({ value, label }) => (room -= value.length + label.length) >= 0);
};
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
  closed = had ? { root, el, at: performance.now() } : null;
};
// Some fields lose the focus a little later.
const isOwnBlur = (event) =>
  closed?.el === innermost(event) && (event.type === 'blur' || event.type === 'focusout') && performance.now() - closed.at < SETTLE;
const focusAgain = () => {
  if (!closed || ended || closed.root.activeElement === closed.el) return;
  closing = true;
  closed.el.focus({ preventScroll: true });
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
  closed = null;
  const el = innermost(event);
  if (event.key === 'Escape') over();
  else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && hasList(el)) offer(el, 'datalist');
  soon();
};
const onPress = (event) => {
  onMeet(event);
  if (!event.isTrusted) return;
  closed = null;
  if (open && innermost(event) !== open.el) over();
};
const onFocus = (event) => {
  onMeet(event);
  if (closing || isOwnBlur(event)) {
    event.stopImmediatePropagation();
    if (!closing) setTimeout(focusAgain);
  } else if (event.type === 'blur' && innermost(event) === open?.el && document.hasFocus()) over();
};

// What the pointer looks like, which is on the person's own screen.
let cursor = '';
let pointed = null;
let pointing = 0;
const isOnText = ({ clientX: x, clientY: y }) => {
  const at = document.caretPositionFromPoint?.(x, y);
  if (!(at?.offsetNode instanceof Text)) return false;
  const range = document.createRange();
  range.selectNode(at.offsetNode);
  return [...range.getClientRects()].some((r) => x >= r.left && x < r.right && y >= r.top && y < r.bottom);
};
const cursorAt = (event) => {
  const el = event.composedPath().find((node) => node instanceof Element);
  if (!el) return 'default';
  const style = getComputedStyle(el);
  const keyword = style.cursor.split(',').pop().trim();
  if (keyword !== 'auto') return keyword;
  return style.userSelect !== 'none' && isOnText(event) ? 'text' : 'default';
};
const tellCursor = () => {
  pointing = 0;
  if (!pointed || ended) return;
  const now = cursorAt(pointed.event);
  pointed = null;
  if (now === cursor) return;
  cursor = now;
  tell('cursor', { cursor });
};
const onPoint = (event) => {
  if (!event.isTrusted) return;
  // The path of an event is known only while it is on its way.
  const path = event.composedPath();
  pointed = { event: { clientX: event.clientX, clientY: event.clientY, composedPath: () => path } };
  if (!pointing) pointing = setTimeout(tellCursor, CURSOR_EVERY);
};
// It is in another document now, or comes back from one.
const onPointOut = (event) => {
  if (event.relatedTarget) return;
  pointed = null;
  cursor = '';
};

// Which fields the person changed, for who drives next. What is in them is nobody's business.
const touched = new WeakSet();
const textOf = (label) => {
  const walk = document.createTreeWalker(label, NodeFilter.SHOW_TEXT);
  let text = '';
  while (text.length < LABEL && walk.nextNode()) {
    const { parentElement, data } = walk.currentNode;
    if (!parentElement?.closest('select, textarea, button, script, style, [contenteditable]')) text += data;
  }
  return text;
};
const labelOf = (el) => {
  const named = (el.getAttribute('aria-labelledby') ?? '').split(/\s+/).filter(Boolean);
  const labels = named.map((id) => el.getRootNode().getElementById?.(id)).filter(Boolean);
  const texts = [
    labels.map(textOf).join(' '), el.getAttribute('aria-label'), [...(el.labels ?? [])].map(textOf).join(' '),
    el.getAttribute('placeholder'), el.getAttribute('title'), el.getAttribute('name'), el.id,
  ];
  const found = texts.map((text) => (text ?? '').replace(/\s+/g, ' ').trim()).find(Boolean);
  return (found ?? '').slice(0, LABEL);
};
const touch = (el) => {
  if (!el || touched.has(el)) return;
  touched.add(el);
  const kind = el instanceof HTMLSelectElement ? 'select' : el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement ? el.type : 'text';
  tell('touched', { label: labelOf(el), kind });
};
const onInput = (event) => {
  const el = innermost(event);
  if (event.isTrusted && el instanceof Element) touch(el);
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
  pointermove: onPoint, pointerout: onPointOut, input: onInput,
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

// The empty document of a new window may leave its world to the next one, and nothing says so.
let own = document;
const renew = () => {
  if (own === document) return;
  own = document;
  over();
  roots.clear();
  [look, shut] = [sheetOf(LOOK), sheetOf(SHUT)];
  listen();
  watcher.observe(document, { childList: true });
  if (location.href !== 'about:blank') clearInterval(renewal);
};
const renewal = location.href === 'about:blank' ? setInterval(renew, TICK) : 0;

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
    touch(el);
    el.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    el.dispatchEvent(new Event('change', { bubbles: true }));
    return null;
  },
  end: () => {
    ended = true;
    clearTimeout(timer);
    clearTimeout(pointing);
    clearInterval(renewal);
    watcher.disconnect();
    for (const [type, listener] of Object.entries(LISTENERS)) removeEventListener(type, listener, true);
    for (const type of COPIES) removeEventListener(type, onCopy, true);
    port?.removeEventListener(channel, onWritten);
    port?.dispatchEvent(new CustomEvent(`${channel}end`));
    for (const root of roots) drop(root, look);
    delete globalThis.rookeryHand;
  },
};
