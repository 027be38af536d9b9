// Accessible names (accname-1.2).

const NAMED_BY_CONTENT = new Set(
  ('button cell checkbox columnheader gridcell heading link menuitem menuitemcheckbox menuitemradio option radio row ' +
    'rowheader switch tab tooltip treeitem term caption').split(' '),
);

const pseudoText = (el, which) => {
  const content = getComputedStyle(el, which).content;
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(content || '');
  return quoted ? quoted[1].replace(/\\(.)/g, '$1') : '';
};

// The labels of each control of a root, read once and true as long as no other script runs. The browser's own list
// looks through the whole document for each control.
const labelsIn = (() => {
  let known = null;
  return (root) => {
    if (!known) {
      known = new Map();
      queueMicrotask(() => (known = null));
    }
    if (!known.has(root)) {
      const labels = new Map();
      for (const label of root.querySelectorAll ? root.querySelectorAll('label') : []) {
        const control = label.control;
        if (!control) continue;
        if (labels.has(control)) labels.get(control).push(label);
        else labels.set(control, [label]);
      }
      known.set(root, labels);
    }
    return known.get(root);
  };
})();

const labelsOf = (el) => labelsIn(el.getRootNode()).get(el) || [];

// The text of an element's content as a name, following what stands inside it.
const contentName = (el, seen) => {
  let text = pseudoText(el, '::before');
  for (const node of shownChildren(el)) {
    if (node.nodeType === 3) text += node.data;
    else if (isElement(node)) {
      const inner = innerName(node, seen);
      const inline = getComputedStyle(node).display.startsWith('inline') && tagOf(node) !== 'br';
      text += inline ? inner : ` ${inner} `;
    }
  }
  return text + pseudoText(el, '::after');
};

// What opens below an entry of a menu or a tree has names of its own.
const isNested = (el) =>
  /^(menu|group|tree)$/.test(roleOf(el)) && Boolean(parentOf(el)) && /^(menuitem|treeitem)/.test(roleOf(parentOf(el)));

// The part of a name that an element inside another gives.
const innerName = (el, seen) => {
  if (seen.has(el) || NOT_TEXT.has(tagOf(el))) return '';
  if (isHiddenForAria(el) || isNested(el)) return '';
  seen.add(el);
  const label = fold(el.getAttribute('aria-label'));
  if (label) return label;
  const role = roleOf(el);
  // A control inside a label stands for its value.
  if (role === 'textbox' || role === 'searchbox' || role === 'spinbutton' || role === 'slider') {
    return el.type === 'password' ? '' : el.value || (el.isContentEditable ? el.textContent : '') || '';
  }
  if (tagOf(el) === 'select') return [...el.selectedOptions].map((option) => option.label).join(' ');
  return nativeName(el, seen) || contentName(el, seen) || fold(attribute(el, 'title'));
};

const nativeName = (el, seen) => {
  const child = (tag) => [...childrenOf(el)].find((inner) => tagOf(inner) === tag);
  switch (tagOf(el)) {
    case 'img':
    case 'area':
      return fold(el.alt);
    case 'svg': {
      const title = child('title');
      return title ? fold(title.textContent) : '';
    }
    case 'input':
      if (el.type === 'image') return fold(el.alt || el.value) || 'Submit';
      if (BUTTON_INPUTS.has(el.type)) {
        return fold(el.value) || (el.type === 'submit' ? 'Submit' : el.type === 'reset' ? 'Reset' : '');
      }
      return '';
    case 'fieldset':
      return child('legend') ? fold(contentName(child('legend'), seen)) : '';
    case 'table':
      return child('caption') ? fold(contentName(child('caption'), seen)) : '';
    case 'figure':
      return child('figcaption') ? fold(contentName(child('figcaption'), seen)) : '';
    case 'optgroup':
      return fold(el.label);
    case 'option':
      return fold(el.label);
    case 'iframe':
      return fold(attribute(el, 'title') || attribute(el, 'name'));
    default:
      return '';
  }
};

// The texts that label a control: what `{label}` looks at.
const labelTexts = (el) => {
  const texts = byIds(el, 'aria-labelledby').map((by) => fold(by.getAttribute('aria-label') || labelText(by, el)));
  if (el.getAttribute('aria-label')) texts.push(fold(el.getAttribute('aria-label')));
  for (const label of labelsOf(el)) texts.push(labelText(label, el));
  return texts.filter(Boolean);
};

// A label's text without the control that stands inside it.
const labelText = (label, control) => fold(contentName(label, new Set([control])));

// A name that was given to an element, and does not merely follow from what it contains.
const givenName = (el) => {
  const labelled = byIds(el, 'aria-labelledby');
  if (labelled.length) {
    const name = fold(
      labelled.map((by) => fold(by.getAttribute('aria-label')) || nativeName(by, new Set()) || textFor(by)).join(' '),
    );
    if (name) return name;
  }
  const label = fold(el.getAttribute('aria-label'));
  if (label) return label;
  const byLabels = fold(labelsOf(el).map((by) => labelText(by, el)).join(' '));
  if (byLabels) return byLabels;
  return nativeName(el, new Set([el]));
};

const nameOf = (el) => {
  const given = givenName(el);
  if (given) return given;
  if (NAMED_BY_CONTENT.has(roleOf(el))) {
    const content = fold(contentName(el, new Set([el])));
    if (content) return content;
  }
  return fold(attribute(el, 'title')) || fold(el.getAttribute('placeholder')) || fold(el.getAttribute('aria-placeholder'));
};

// A hidden label still labels.
const textFor = (el) => (isRendered(el) ? contentName(el, new Set()) : textContentOf(el));

const describe = (el) => {
  const about = { tag: tagOf(el) };
  const role = roleOf(el);
  const name = nameOf(el).slice(0, 120);
  if (role) about.role = role;
  if (name) about.name = name;
  else {
    const text = fold(textContentOf(el)).slice(0, 60);
    if (text && tagOf(el) !== 'textarea') about.text = text;
  }
  const id = attribute(el, 'id');
  if (id) about.id = id.slice(0, 60);
  const ref = refs.of(el);
  if (ref) about.ref = ref;
  return about;
};

// `<div id="cover" class="modal">`, for messages.
const sketch = (el) => {
  let text = `<${tagOf(el)}`;
  for (const attribute of ['id', 'class', 'role', 'name', 'type', 'aria-label']) {
    const value = el.getAttribute(attribute);
    if (value) text += ` ${attribute}="${fold(value).slice(0, 40)}"`;
  }
  return `${text}>`;
};
