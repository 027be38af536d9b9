// What is selected in this document, and changes to it that can be undone.

const activeOf = getter(Document.prototype, 'activeElement');
const activeOfShadow = getter(ShadowRoot.prototype, 'activeElement');
const shadowOf = getter(Element.prototype, 'shadowRoot');
const bodyOf = getter(Document.prototype, 'body');
const isEditable = getter(HTMLElement.prototype, 'isContentEditable');
const exec = (name, value) => Document.prototype.execCommand.call(document, name, false, value);
const send = (target, event) => EventTarget.prototype.dispatchEvent.call(target, event);

const TEXT_TYPES = new Set(['text', 'search', 'url', 'tel', 'email', 'password', 'number']);
const isField = (el) =>
  el instanceof HTMLTextAreaElement || (el instanceof HTMLInputElement && TEXT_TYPES.has(el.type));

// The element that has the focus, open shadow roots entered.
const focused = () => {
  let el = activeOf(document);
  for (let root = el && shadowOf(el); root && activeOfShadow(root); root = shadowOf(el)) el = activeOfShadow(root);
  return el;
};

const selection = () => {
  const root = focused()?.getRootNode();
  return (root instanceof ShadowRoot && root.getSelection?.()) || getSelection();
};

// The field that the selection is in. It may have left the one that has the focus, and shows from outside as nothing.
const field = () => {
  const el = focused();
  return isField(el) && (selection()?.isCollapsed ?? true) ? el : null;
};

// Where an event about the clipboard goes to.
const place = () => {
  if (field()) return field();
  const { anchorNode: node } = selection() || {};
  const at = node && (node.nodeType === 1 ? node : node.parentElement);
  return at || focused() || bodyOf(document) || document.documentElement;
};

// The element that takes text at the caret, if one does.
const editor = () => {
  const el = field();
  if (el) return el.readOnly || el.disabled ? null : el;
  const at = place();
  return at instanceof HTMLElement && isEditable(at) ? at : null;
};

const fieldText = (el) => {
  // Those that hold no text proper, such as a number, do not say what of it is selected.
  const { selectionStart: from, selectionEnd: to, value } = el;
  return from === null ? String(getSelection()) : value.slice(from, to);
};

const INLINE = new Set('A B CODE EM FONT I KBD MARK S SMALL STRIKE STRONG SUB SUP U'.split(' '));

const selectedHtml = (chosen) => {
  const holder = inertDocument().createElement('div');
  for (let i = 0; i < chosen.rangeCount; i++) {
    const range = chosen.getRangeAt(i);
    let part = range.cloneContents();
    for (const el of part.querySelectorAll('[href], [src]')) {
      for (const name of ['href', 'src']) {
        if (el.hasAttribute(name) && typeof el[name] === 'string') el.setAttribute(name, el[name]);
      }
    }
    let around = range.commonAncestorContainer;
    for (around = around.nodeType === 1 ? around : around.parentElement; around && INLINE.has(around.tagName); ) {
      const shell = around.cloneNode(false);
      if (shell.hasAttribute('href')) shell.setAttribute('href', around.href);
      shell.append(part);
      part = shell;
      around = around.parentElement;
    }
    holder.append(part);
  }
  return holder.innerHTML;
};

// By media type, or nothing.
const selected = () => {
  const el = field();
  if (el) {
    const text = el.type === 'password' ? '' : fieldText(el);
    return text ? { 'text/plain': text } : null;
  }
  const chosen = selection();
  if (!chosen || !chosen.rangeCount) return null;
  const text = String(chosen);
  const html = selectedHtml(chosen);
  return text || /<img/i.test(html) ? { 'text/plain': text, 'text/html': html } : null;
};

const before = (el, inputType, more) =>
  send(el, new InputEvent('beforeinput', { inputType, bubbles: true, cancelable: true, composed: true, ...more }));
const after = (el, inputType) => send(el, new InputEvent('input', { inputType, bubbles: true, composed: true }));

// Removes what is selected. Inside an `execCommand` of the page no other one runs.
const remove = (el, inCommand) => {
  if (!before(el, 'deleteByCut') || (!inCommand && exec('delete'))) return;
  if (!isField(el)) selection().deleteFromDocument();
  else if (el.selectionStart !== null) el.setRangeText('');
  after(el, 'deleteByCut');
};

// A page may forbid all scripts to insert HTML. Then the nodes go in, and that cannot be undone.
const insertHtml = (el, holder) => {
  try {
    if (exec('insertHTML', holder.innerHTML)) return;
  } catch {
    // It does.
  }
  const range = selection().getRangeAt(0);
  range.deleteContents();
  const part = document.createDocumentFragment();
  part.append(...holder.childNodes);
  range.insertNode(part);
  range.collapse(false);
  after(el, 'insertFromPaste');
};

// Text so long or of so many lines that the editor would take seconds over it goes in as a whole, which cannot be undone.
const MANY = 1 << 16;

const insertText = (el, text) => {
  const lines = text.replace(/\r\n?/g, '\n');
  const single = el instanceof HTMLInputElement ? lines.replace(/\n/g, ' ') : lines;
  const isLong = single.length > MANY || single.split('\n').length > 200;
  if (isField(el) && isLong && el.selectionStart !== null) {
    const room = el.maxLength < 0 ? Infinity : el.maxLength - (el.value.length - fieldText(el).length);
    el.setRangeText(single.slice(0, Math.max(room, 0)), el.selectionStart, el.selectionEnd, 'end');
    after(el, 'insertFromPaste');
  } else if (isField(el) || !single.includes('\n') || keepsLines(el)) exec('insertText', single);
  else insertHtml(el, linesOf(single));
};

const keepsLines = (el) => /^(pre|break-spaces)/.test(getComputedStyle(el).whiteSpace) || isPlain(el);
const isPlain = (el) => el.closest('[contenteditable]')?.contentEditable === 'plaintext-only';
