// The tree as a person sees it: open shadow roots entered, slotted nodes where they are shown.

// A form's fields stand on it under their names, in front of what every element has: `<input name=children>`. What
// matters is read past them.
const getter = (prototype, name) => {
  const { get } = Object.getOwnPropertyDescriptor(prototype, name);
  return (node) => get.call(node);
};
const childNodesOf = getter(Node.prototype, 'childNodes');
const parentNodeOf = getter(Node.prototype, 'parentNode');
const textContentOf = getter(Node.prototype, 'textContent');
const childrenOfElement = getter(Element.prototype, 'children');
const childrenOf = (node) => (isElement(node) ? childrenOfElement(node) : node.children);
const shadowRootOfElement = getter(Element.prototype, 'shadowRoot');
const shadowRootOf = (node) => (isElement(node) ? shadowRootOfElement(node) : null);
const attribute = (el, name) => Element.prototype.getAttribute.call(el, name) || '';

const fold = (text) => (text || '').replace(/[\s\u200b\u00ad]+/g, ' ').trim();
const lower = (text) => fold(text).toLowerCase();
const tagOf = (el) => el.localName;
const isElement = (node) => node && node.nodeType === 1;

// The parent across shadow boundaries.
const parentOf = (el) => {
  const parent = parentNodeOf(el);
  return isElement(parent) ? parent : parent && parent.host ? parent.host : null;
};

const closest = (el, test) => {
  for (let at = el; at; at = parentOf(at)) if (test(at)) return at;
  return null;
};

const holds = (el, inner) => closest(inner, (at) => at === el) !== null;

// Every element in document order; what a shadow root holds comes before its host's own children.
const elementsIn = (root) => {
  const found = [];
  const waiting = [root];
  while (waiting.length) {
    const node = waiting.pop();
    if (isElement(node) && node !== root) found.push(node);
    const next = [];
    const shadow = shadowRootOf(node);
    if (shadow) next.push(...shadow.children);
    next.push(...childrenOf(node));
    for (let i = next.length - 1; i >= 0; i--) waiting.push(next[i]);
  }
  return found;
};

const shadowRootsIn = (root) => elementsIn(root).flatMap((el) => shadowRootOf(el) || []);

// The nodes shown inside an element.
const shownChildren = (el) => {
  const shadow = shadowRootOf(el);
  if (shadow) return [...childNodesOf(shadow)];
  if (tagOf(el) === 'slot') {
    const assigned = el.assignedNodes();
    if (assigned.length) return assigned;
  }
  return [...childNodesOf(el)];
};

const byIds = (el, attribute) => {
  const ids = fold(el.getAttribute(attribute)).split(' ').filter(Boolean);
  const root = el.getRootNode();
  return ids.map((id) => (root.getElementById ? root.getElementById(id) : null)).filter(Boolean);
};

const isRendered = (el) => {
  const style = getComputedStyle(el);
  if (style.display === 'contents') return parentOf(el) ? isRendered(parentOf(el)) : true;
  return el.checkVisibility({ visibilityProperty: true });
};

const isVisible = (el) => {
  if (!el.isConnected) return false;
  if (getComputedStyle(el).display === 'contents') {
    return shownChildren(el).some((node) => (isElement(node) ? isVisible(node) : isTextVisible(node)));
  }
  if (!el.checkVisibility({ visibilityProperty: true })) return false;
  const box = el.getBoundingClientRect();
  return box.width > 0 && box.height > 0;
};

const isTextVisible = (node) => {
  if (node.nodeType !== 3 || !fold(node.data)) return false;
  const range = document.createRange();
  range.selectNode(node);
  const box = range.getBoundingClientRect();
  return box.width > 0 && box.height > 0;
};

const NOT_TEXT = new Set(['script', 'style', 'noscript', 'template', 'head', 'title', 'meta', 'link']);
const BUTTON_INPUTS = new Set(['button', 'submit', 'reset']);

// The visible text of an element, blocks set apart by a space.
const visibleText = (el, cache) => {
  const known = cache.get(el);
  if (known !== undefined) return known;
  let text = '';
  if (!NOT_TEXT.has(tagOf(el)) && isRendered(el)) {
    if (tagOf(el) === 'input' && BUTTON_INPUTS.has(el.type)) text = el.value;
    for (const node of tagOf(el) === 'textarea' ? [] : shownChildren(el)) {
      if (node.nodeType === 3) text += node.data;
      else if (isElement(node)) {
        const inline = getComputedStyle(node).display.startsWith('inline');
        const inner = visibleText(node, cache);
        text += inline && tagOf(node) !== 'br' ? inner : ` ${inner} `;
      }
    }
  }
  cache.set(el, text);
  return text;
};

// Elements, given by their tokens, in the order in which they stand: those in a shadow root where its host is.
const inDocumentOrder = (tokens) => {
  const paths = tokens.map((token) => {
    const path = [];
    for (let at = held.get(token); at; at = parentOf(at)) path.unshift(at);
    return path;
  });
  const isBefore = (a, b) => {
    const i = a.findIndex((el, depth) => el !== b[depth]);
    if (i < 0 || !b[i]) return i < 0;
    // What is in the shadow comes before what its host holds.
    if (a[i].getRootNode() !== b[i].getRootNode()) return a[i].getRootNode() instanceof ShadowRoot && a[i].getRootNode().host === a[i - 1];
    return Boolean(a[i].compareDocumentPosition(b[i]) & Node.DOCUMENT_POSITION_FOLLOWING);
  };
  return paths.map((_, i) => i).sort((i, j) => (i === j ? 0 : isBefore(paths[i], paths[j]) ? -1 : 1));
};

// The element under a point, in whatever shadow root it is.
const elementAt = (x, y) => {
  let found = null;
  for (let root = document; root; ) {
    const inner = root.elementFromPoint(x, y);
    if (!inner || inner === found) break;
    found = inner;
    root = shadowRootOf(inner);
  }
  // The scroll bars of the page are nobody's.
  const isWithin = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  return found || (isWithin ? document.documentElement : null);
};

const activeElement = () => {
  let el = document.activeElement;
  while (el && el.shadowRoot && el.shadowRoot.activeElement) el = el.shadowRoot.activeElement;
  return el;
};
