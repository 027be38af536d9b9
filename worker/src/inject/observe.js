// The outline of a document as assistive technology would tell it.

const MAX_NODES = 20000;
const MAX_TEXT = 500;
const MAX_OPTIONS = 40;

// Roles whose name says what they contain.
const TOLD_BY_NAME = new Set(
  ('button checkbox heading link menuitem menuitemcheckbox menuitemradio option radio switch tab tooltip img ' +
    'progressbar meter').split(' '),
);
// Roles that hold what is told anyway: a name that follows from it would only say it twice.
const CELLS = new Set(['row', 'cell', 'gridcell', 'columnheader', 'rowheader']);
const WRAPPERS = new Set(['', 'generic', 'presentation', 'none', 'rowgroup', 'strong', 'emphasis', 'code', 'document',
  'subscript', 'superscript', 'insertion', 'deletion', 'time', 'mark', 'caption', 'term']);

const short = (text, limit) => (text.length > limit ? `${text.slice(0, limit)}…` : text);

// What is typed into these is nobody's to read.
const isSecret = (el) => el.type === 'password' || /\b(one-time-code|cc-csc|(current|new)-password)\b/.test(el.autocomplete || '');

const valueOf = (el, role) => {
  if (tagOf(el) === 'select') return [...el.selectedOptions].map((option) => fold(option.label)).join(', ');
  if (tagOf(el) === 'input' && /^(checkbox|radio|button|submit|reset|image)$/.test(el.type)) return '';
  if (/^(input|textarea)$/.test(tagOf(el))) return isSecret(el) ? (el.value ? '(hidden)' : '') : fold(el.value);
  if (role === 'progressbar' || role === 'meter') return String(el.value ?? el.getAttribute('aria-valuenow') ?? '');
  if (role === 'slider' || role === 'spinbutton' || role === 'scrollbar') {
    return el.getAttribute('aria-valuetext') || el.getAttribute('aria-valuenow') || '';
  }
  if (role === 'textbox' || role === 'searchbox') return fold(el.textContent);
  return '';
};

const statesOf = (el, role) => {
  const states = [];
  const flag = (name, attribute, native) => {
    const value = native ?? el.getAttribute(attribute);
    if (value === true || value === 'true') states.push(name);
    else if (value === 'mixed') states.push(`${name}=mixed`);
    else if (attribute === 'aria-expanded' && value === 'false') states.push('collapsed');
  };
  const boxed = tagOf(el) === 'input' && /^(checkbox|radio)$/.test(el.type);
  flag('checked', 'aria-checked', boxed ? (el.indeterminate ? 'mixed' : el.checked) : undefined);
  flag('selected', 'aria-selected', tagOf(el) === 'option' ? el.selected : undefined);
  flag('pressed', 'aria-pressed');
  flag('expanded', 'aria-expanded', tagOf(el) === 'summary' && parentOf(el) ? String(parentOf(el).open) : undefined);
  flag('required', 'aria-required', el.required === true ? true : undefined);
  flag('invalid', 'aria-invalid');
  flag('readonly', 'aria-readonly', el.readOnly === true ? true : undefined);
  if (isDisabled(el)) states.push('disabled');
  if (activeElement() === el && el !== document.body) states.push('focused');
  const current = el.getAttribute('aria-current');
  if (current && current !== 'false') states.push(`current=${current}`);
  if (role === 'heading') states.push(`level=${el.getAttribute('aria-level') || (/^h([1-6])$/.exec(tagOf(el)) || [, 2])[1]}`);
  return states;
};

const outline = (preset, first, frames) => {
  let next = first;
  let nodes = 0;
  const cut = () => nodes >= MAX_NODES;

  const referrers = makeReferrers();

  // `ref` is the element that is acted on: a label where the control itself is hidden.
  const nodeOf = (el, role, interactive, ref) => {
    const name = short(CELLS.has(role) ? givenName(el) : nameOf(el), MAX_TEXT);
    const node = { el: ref, role: role || 'generic', name, states: statesOf(el, role), value: '', children: [] };
    const referred = interactive || preset === 'full' || role === 'iframe';
    if (referred) {
      next = refs.give(ref, next);
      node.states.push(`ref=${refs.of(ref)}`);
    }
    node.value = short(valueOf(el, role), MAX_TEXT);
    if (TOLD_BY_NAME.has(role) && givenName(el) && !node.value) {
      node.value = short(contentBesideName(el, name), MAX_TEXT);
    }
    const placeholder = fold(el.getAttribute('placeholder'));
    if (placeholder && placeholder !== name && !node.value) node.states.push(`placeholder=${quoted(short(placeholder, 80))}`);
    const hint = referred && !name && ACTED_ON.has(role) ? hintOf(el) : '';
    if (hint) node.states.push(hint);
    if (frames.has(el)) node.states.push(`frame=${frames.get(el)}`);
    if (role === 'iframe' && el.src) node.states.push(`url=${short(el.src, 200)}`);
    if (preset === 'full' && role === 'link' && name) node.states.push(`url=${short(String(el.href?.baseVal ?? el.href ?? ''), 200)}`);
    return node;
  };

  const optionsOf = (el) => {
    const options = [...el.options];
    const told = options.slice(0, MAX_OPTIONS).map((option) => ({
      role: 'option', name: fold(option.label), states: statesOf(option, 'option'), value: '', children: [],
    }));
    if (options.length > MAX_OPTIONS) told.push(`… ${options.length - MAX_OPTIONS} more options`);
    return told;
  };

  const isWanted = (el, role, interactive, parent, textless) => {
    if (interactive || role === 'iframe') return true;
    if (preset === 'full') return role !== '';
    const wrapper = WRAPPERS.has(role) || (role === 'paragraph' && tagOf(parent.el || el) === 'li');
    return preset === 'compact' && !textless && !wrapper;
  };

  // A heading stays one, but for that of the very region it is in.
  const mayBeTold = (el, role, parent) =>
    /^(|paragraph|caption)$/.test(role) || (role === 'heading' && parent.el && namedBy(el, referrers, parent.el) === parent.el);

  // Whether the name of another element in the same part of the outline has this one's text.
  const isToldByName = (el, parent) => {
    const named = preset === 'full' ? null : namedBy(el, referrers, parent.el);
    if (!named || isHiddenForAria(named) || (parent.el && !holds(parent.el, named))) return false;
    const role = roleOf(named);
    if (!isWanted(named, role, isInteractive(named, role), parent, false)) return false;
    const text = fold(contentName(el, new Set([named])));
    return text !== '' && text.length <= MAX_TEXT && nameOf(named).includes(text);
  };

  const visit = (el, parent, textless) => {
    if (cut() || NOT_TEXT.has(tagOf(el))) return;
    const { display } = getComputedStyle(el);
    const contents = display === 'contents';
    const shown = contents || el.checkVisibility({ visibilityProperty: true });
    // Hidden itself, it may hold what is visible; not laid out, it holds nothing.
    if (!shown && !el.checkVisibility()) return;
    if (el.getAttribute('aria-hidden') === 'true' || el.inert) return;
    if (tagOf(el) === 'br') return addText(el, ' ', parent);
    const hidden = hiddenControlOf(el);
    if (hidden) return tell(hidden, roleOf(hidden), true, el, parent, true);
    const role = roleOf(el);
    const interactive = shown && isInteractive(el, role);
    const told = textless || (!interactive && mayBeTold(el, role, parent) && isToldByName(el, parent));
    if (shown && isWanted(el, role, interactive, parent, told)) return tell(el, role, interactive, el, parent, textless);
    const inline = display.startsWith('inline') || contents;
    if (!inline) breakText(parent);
    descend(el, parent, told);
    if (!inline) breakText(parent);
  };

  const tell = (el, role, interactive, ref, parent, textless) => {
    nodes += 1;
    const node = nodeOf(el, role, interactive, ref);
    breakText(parent);
    parent.children.push(node);
    if (tagOf(el) === 'select') node.children.push(...optionsOf(el));
    else if (ref !== el || !/^(input|textarea|iframe|svg|canvas|video|audio)$/.test(tagOf(el))) {
      const byName = preset !== 'full' && node.name !== '' && (TOLD_BY_NAME.has(role) || role === 'treeitem');
      if (byName || node.value === '') descend(ref, node, textless || byName);
    }
    if (preset !== 'full') thin(node, parent, interactive);
  };

  // Leaves out again what says nothing, and what only wraps one other.
  const thin = (node, parent, interactive) => {
    const inner = node.children.filter((child) => child !== BREAK);
    // The link that a heading consists of has its name.
    if (node.role === 'heading' && inner.length === 1 && inner[0].name === node.name) node.name = '';
    if (interactive || node.role === 'iframe' || node.name || node.value) return;
    // It is the last of its siblings so far.
    if (!inner.length && !CELLS.has(node.role)) parent.children.pop();
    const wraps = inner.length === 1 && typeof inner[0] === 'object' && /^(listitem|paragraph)$/.test(node.role);
    if (wraps && !node.states.length) parent.children[parent.children.length - 1] = inner[0];
  };

  const descend = (el, parent, textless) => {
    for (const child of shownChildren(el)) {
      // What opens below an entry of a menu or a tree is not in its name.
      if (isElement(child)) visit(child, parent, textless && !isNested(child));
      else if (child.nodeType === 3 && !textless && preset !== 'interactive') addText(el, child.data, parent);
    }
  };

  const addText = (el, data, parent) => {
    if (!data.trim() && !/\s/.test(data)) return;
    if (getComputedStyle(el).visibility !== 'visible') return;
    const last = parent.children.length - 1;
    if (typeof parent.children[last] === 'string') parent.children[last] += data;
    else if (data.trim()) parent.children.push(data);
  };

  const breakText = (parent) => {
    if (typeof parent.children.at(-1) === 'string') parent.children.push(BREAK);
  };

  const BREAK = Symbol('break');
  const root = { children: [], el: null };
  if (document.body) visit(document.body, root, false);
  return { nodes: root.children, next, cut: cut() };
};

const quoted = (text) => `"${text.replace(/["\\]/g, '\\$&')}"`;

const render = (nodes) => {
  const lines = [];
  const write = (node, depth) => {
    const indent = '  '.repeat(Math.min(depth, 40));
    if (typeof node === 'symbol') return;
    if (typeof node === 'string') {
      const text = fold(node);
      if (text) lines.push(`${indent}- text: ${text}`);
      return;
    }
    const texts = node.children.filter((child) => typeof child === 'string').map(fold).filter(Boolean);
    const inner = node.children.filter((child) => typeof child === 'object');
    if (CELLS.has(node.role) && !node.name && !inner.length) node.name = short(texts.join(' '), MAX_TEXT);
    let line = `${indent}- ${node.role}`;
    if (node.name) line += ` ${quoted(node.name)}`;
    for (const state of node.states) line += ` [${state}]`;
    if (node.value) line += `: ${node.value}`;
    if (!inner.length) {
      const text = texts.join(' ');
      if (text && short(text, MAX_TEXT) !== node.name) line += `: ${text}`;
      lines.push(line);
      return;
    }
    lines.push(line);
    for (const child of node.children) if (typeof child !== 'string' || !SEPARATOR.test(child)) write(child, depth + 1);
  };
  for (const node of nodes) write(node, 0);
  return lines;
};

// More than anybody reads on by cursor.
const MAX_OUTLINE = 4e6;

// `frames`: the elements that show frames, by their tokens, each with the number of its frame.
const observe = (preset, first, frames) => {
  // A frame without a size shows nothing, whatever it holds.
  if (!innerWidth || !innerHeight) return { next: first, text: '' };
  const told = outline(preset, first, new Map(frames.map(([token, number]) => [held.get(token), number])));
  const lines = render(told.nodes);
  if (told.cut) lines.push(`- text: … cut after ${MAX_NODES} elements`);
  let size = 0;
  const end = lines.findIndex((line) => (size += line.length + 1) > MAX_OUTLINE);
  if (end >= 0) lines.splice(end, lines.length, '- text: … cut, the page is too long');
  return { next: told.next, text: lines.join('\n') };
};
