// Whether an element can be acted on, and where to point at it.

const nextFrame = () =>
  new Promise((resolve) => {
    // A page that is not drawn has no frames: then the clock decides.
    const timer = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });

const sameBox = (a, b) => a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

const isStable = async (el) => {
  const first = el.getBoundingClientRect();
  await nextFrame();
  const second = el.getBoundingClientRect();
  if (!sameBox(first, second)) return false;
  await nextFrame();
  return sameBox(second, el.getBoundingClientRect());
};

const isDisabled = (el) => {
  if (el.matches(':disabled')) return true;
  const owner = closest(el, (at) => at.hasAttribute('aria-disabled'));
  return owner !== null && owner.getAttribute('aria-disabled') === 'true';
};

const isReadonly = (el) =>
  el.readOnly === true || (el.getAttribute('aria-readonly') === 'true' && !el.isContentEditable);

// Where to point: the middle of the first part that is within the viewport.
const pointOf = (el, position) => {
  if (position) {
    const box = el.getBoundingClientRect();
    return { x: box.left + position.x, y: box.top + position.y };
  }
  const parts = [...el.getClientRects()];
  if (!parts.length) parts.push(el.getBoundingClientRect());
  for (const part of parts) {
    const left = Math.max(part.left, 0);
    const top = Math.max(part.top, 0);
    const right = Math.min(part.right, innerWidth);
    const bottom = Math.min(part.bottom, innerHeight);
    if (right - left > 0.5 && bottom - top > 0.5) return { x: (left + right) / 2, y: (top + bottom) / 2 };
  }
  return null;
};

const isInside = (point) => point && point.x >= 0 && point.y >= 0 && point.x < innerWidth && point.y < innerHeight;

// A header that sticks covers what is scrolled just below the edge: each try aligns differently.
const ALIGNMENTS = ['center', 'end', 'start', 'nearest'];

const bringIntoView = (el, attempt) => {
  const align = ALIGNMENTS[attempt % ALIGNMENTS.length];
  el.scrollIntoView({ block: align, inline: align, behavior: 'instant' });
};

const CONTROL = 'button, [role=button], a, [role=link]';

// Whether a pointer that meets `hit` acts on `el`.
const isMetBy = (el, hit) => {
  if (!hit) return false;
  if (holds(el, hit)) return true;
  // What is inside a button is clicked by clicking the button.
  const control = closest(el, (at) => at.matches(CONTROL));
  if (control && holds(control, hit)) return true;
  const label = closest(hit, (at) => tagOf(at) === 'label');
  return Boolean(label) && (label.control === el || holds(el, label.control || label));
};

const whatCovers = (el, hit) => {
  if (!hit) return { check: 'receives pointer', detail: 'nothing is at its place' };
  // The outermost cover that does not hold the element itself tells more than the leaf that was met.
  let cover = hit;
  for (let at = hit; at && !holds(at, el); at = parentOf(at)) cover = at;
  const by = cover === hit ? sketch(hit) : `${sketch(hit)} of ${sketch(cover)}`;
  return { check: 'receives pointer', detail: `${by} covers it`, covered_by: describe(cover) };
};

const failed = (check, detail) => ({ status: 'unready', check, detail });

// Looks at the checks in the order in which a person would wait for them.
const ready = async (token, wish) => {
  const el = held.get(token);
  if (!el || !el.isConnected) return { status: 'detached' };
  if (wish.visible && !isVisible(el)) return failed('visible', `${sketch(el)} is not visible`);
  if (wish.enabled && isDisabled(el)) return failed('enabled', `${sketch(el)} is disabled`);
  if (wish.editable && isReadonly(el)) return failed('editable', `${sketch(el)} is read-only`);
  if (wish.stable && !(await isStable(el))) return failed('stable', `${sketch(el)} is moving`);
  if (!el.isConnected) return { status: 'detached' };
  if (!wish.point) return { status: 'ready', about: describe(el) };
  let point = pointOf(el, wish.position);
  if (!isInside(point) || wish.attempt > 0) {
    bringIntoView(el, wish.attempt);
    if (!(await isStable(el))) return failed('stable', `${sketch(el)} is moving`);
    point = pointOf(el, wish.position);
  }
  if (!isInside(point)) return failed('in viewport', `${sketch(el)} cannot be scrolled into the viewport`);
  if (wish.hit) {
    const hit = elementAt(point.x, point.y);
    if (!isMetBy(el, hit)) return { status: 'unready', ...whatCovers(el, hit) };
  }
  if (wish.guard) guard.arm(el);
  return { status: 'ready', ...point, about: describe(el) };
};

// Keeps a click that would meet something else, which came over the element in the last moment, from having an effect.
const guard = (() => {
  const EVENTS = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'auxclick', 'dblclick', 'contextmenu'];
  let el = null;
  let verdict = '';
  let timer = 0;
  const listen = (event) => {
    if (!event.isTrusted || !el) return;
    // The first event decides: what a click opens may cover the element before the button is up.
    if (!verdict) {
      const hit = event.composedPath()[0];
      const met = !el.isConnected || isMetBy(el, isElement(hit) ? hit : null);
      verdict = el.isConnected && met ? 'met' : 'missed';
      if (verdict === 'missed') missed = el.isConnected ? whatCovers(el, hit).detail : 'it was detached';
    }
    if (verdict === 'missed') {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  let missed = '';
  const disarm = () => {
    for (const name of EVENTS) removeEventListener(name, listen, true);
    clearTimeout(timer);
    el = null;
  };
  return {
    arm(target) {
      disarm();
      el = target;
      verdict = missed = '';
      for (const name of EVENTS) addEventListener(name, listen, { capture: true, passive: false });
      // A command that is gone must not leave a page that cannot be clicked.
      timer = setTimeout(disarm, 3000);
    },
    outcome() {
      disarm();
      return { verdict, detail: missed };
    },
  };
})();

// How a frame's element maps the frame's own coordinates to those of the document around it.
const frameBox = (el) => {
  const box = el.getBoundingClientRect();
  const style = getComputedStyle(el);
  const scaleX = el.offsetWidth ? box.width / el.offsetWidth : 1;
  const scaleY = el.offsetHeight ? box.height / el.offsetHeight : 1;
  return {
    x: box.left + (el.clientLeft + parseFloat(style.paddingLeft)) * scaleX,
    y: box.top + (el.clientTop + parseFloat(style.paddingTop)) * scaleY,
    scale_x: scaleX,
    scale_y: scaleY,
  };
};

// A point inside a frame as its parent sees it, and whether the pointer reaches the frame there.
const throughFrame = async (token, x, y, attempt) => {
  const el = held.get(token);
  const place = () => {
    const box = frameBox(el);
    return { x: box.x + x * box.scale_x, y: box.y + y * box.scale_y };
  };
  let point = place();
  if (!isInside(point) || attempt > 0) {
    const before = el.getBoundingClientRect();
    if (!isInside(point)) scrollBy({ left: point.x - innerWidth / 2, top: point.y - innerHeight / 2, behavior: 'instant' });
    if (sameBox(before, el.getBoundingClientRect()) && !isInside(point)) bringIntoView(el, attempt);
    await nextFrame();
    point = place();
  }
  if (!isInside(point)) return failed('in viewport', 'the frame cannot be scrolled so that the element shows');
  const hit = elementAt(point.x, point.y);
  if (hit !== el) return { status: 'unready', ...whatCovers(el, hit) };
  return { status: 'ready', ...point };
};
