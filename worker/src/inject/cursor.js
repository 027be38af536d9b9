// The cursor that the pointer has at a point. Over a frame it is for that frame's document to say: `frame`, and where
// the point is in it.

const TYPED_INTO = new Set(['text', 'search', 'email', 'url', 'tel', 'password', 'number', 'date', 'time', 'month', 'week', 'datetime-local']);

const isOverText = (el, x, y) => {
  if (getComputedStyle(el).userSelect === 'none') return false;
  const roots = [];
  for (let root = shadowRootOf(el) || el.getRootNode(); root instanceof ShadowRoot; root = root.host.getRootNode()) roots.push(root);
  const caret = document.caretPositionFromPoint(x, y, { shadowRoots: roots });
  const node = caret && caret.offsetNode;
  if (!node || node.nodeType !== 3) return false;
  // The caret is at the nearest text, however far away that is.
  const range = document.createRange();
  range.setStart(node, Math.max(0, caret.offset - 1));
  range.setEnd(node, Math.min(node.length, caret.offset + 1));
  return [...range.getClientRects()].some((box) => x >= box.left && x < box.right && y >= box.top && y < box.bottom);
};

const autoCursor = (el, x, y) => {
  if (el.isContentEditable || tagOf(el) === 'textarea') return 'text';
  if (tagOf(el) === 'input') return TYPED_INTO.has(el.type) ? 'text' : 'default';
  return isOverText(el, x, y) ? 'text' : 'default';
};

const cursorAt = (x, y) => {
  const el = elementAt(x, y);
  if (!el) return { cursor: 'default' };
  if (tagOf(el) === 'iframe' || tagOf(el) === 'frame') {
    const box = frameBox(el);
    const inner = { x: (x - box.x) / box.scale_x, y: (y - box.y) / box.scale_y };
    const isInner = inner.x >= 0 && inner.y >= 0 && inner.x < el.clientWidth && inner.y < el.clientHeight;
    if (isInner) return { frame: inner };
  }
  // Behind the pictures that a page would like, a keyword stands last.
  const cursor = getComputedStyle(el).cursor.split(',').pop().trim();
  return { cursor: cursor === 'auto' ? autoCursor(el, x, y) : cursor };
};
