// What a page contains.

// What takes more than this on the pipe, where all but ASCII is escaped, is not sent.
const MOST_BYTES = 250e6;

const bounded = (text) => {
  if (text.length * 6 < MOST_BYTES) return text;
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 126 || code < 32) size += 5;
    else if (code === 34 || code === 92) size += 1;
  }
  if (size > MOST_BYTES) throw new Error(`rookery too large: ${size}`);
  return text;
};

const html = () => {
  const doctype = document.doctype ? `${new XMLSerializer().serializeToString(document.doctype)}\n` : '';
  return bounded(doctype + (document.documentElement ? document.documentElement.outerHTML : ''));
};

// Those with a shadow root, and everything around them.
const aroundShadows = () => {
  const around = new Set();
  for (const el of elementsIn(document)) {
    if (!shadowRootOf(el)) continue;
    for (let at = el; at && !around.has(at); at = parentOf(at)) around.add(at);
  }
  return around;
};

// The text of an element with that of the open shadow roots in it, which the browser's own leaves out.
const textWithShadows = (el, around) => {
  if (NOT_TEXT.has(tagOf(el)) || getComputedStyle(el).display === 'none') return '';
  if (!around.has(el) && tagOf(el) !== 'slot') return el.innerText || '';
  let told = '';
  for (const node of shownChildren(el)) {
    if (node.nodeType === 3) {
      if (getComputedStyle(el).visibility === 'visible') told += node.data.replace(/\s+/g, ' ');
    } else if (isElement(node)) {
      const inner = textWithShadows(node, around);
      const inline = /^(inline|contents)/.test(getComputedStyle(node).display) && tagOf(node) !== 'br';
      told += inline ? inner : `\n${inner}\n`;
    }
  }
  return told;
};

const text = () => {
  const root = document.body || document.documentElement;
  if (!root) return '';
  const around = aroundShadows();
  if (!around.has(root)) return bounded((document.body ? root.innerText : root.textContent) || '');
  return bounded(textWithShadows(root, around).replace(/[ \t]*\n[ \t]*/g, '\n').replace(/\n{3,}/g, '\n\n'));
};

const KEPT = ['id', 'class', 'role', 'lang', 'dir', 'alt', 'title', 'colspan', 'rowspan', 'scope', 'start', 'datetime', 'itemprop', 'rel', 'property', 'content', 'name'];
const VOID = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr']);
const DROPPED = new Set(['script', 'style', 'noscript', 'template', 'link', 'iframe', 'frame', 'object', 'embed', 'canvas']);
const escaped = (value) => value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

// The page as it is shown, for reading: shadow roots flattened, what is not rendered left out, addresses absolute.
const readableHtml = () => {
  const parts = [];
  const open = (el) => {
    parts.push(`<${tagOf(el)}`);
    for (const name of KEPT) {
      const value = el.getAttribute(name);
      if (value) parts.push(` ${name}="${escaped(value)}"`);
    }
    for (const name of ['href', 'src']) {
      if (el.hasAttribute(name) && typeof el[name] === 'string') parts.push(` ${name}="${escaped(el[name])}"`);
    }
    parts.push('>');
  };
  const write = (node) => {
    if (node.nodeType === 3) return void parts.push(escaped(node.data));
    if (!isElement(node) || DROPPED.has(tagOf(node))) return;
    const inHead = Boolean(node.closest('head'));
    if (!inHead && getComputedStyle(node).display === 'none') return;
    if (tagOf(node) === 'slot') return shownChildren(node).forEach(write);
    open(node);
    if (VOID.has(tagOf(node))) return;
    shownChildren(node).forEach(write);
    parts.push(`</${tagOf(node)}>`);
  };
  if (document.documentElement) write(document.documentElement);
  return bounded(`<!DOCTYPE html>${parts.join('')}`);
};

const readable = () => ({ html: readableHtml(), text: text(), url: location.href, title: document.title });
