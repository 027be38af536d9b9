// Form controls.

const changed = (el) => {
  el.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  el.dispatchEvent(new Event('change', { bubbles: true }));
};

// Frameworks put a setter of their own on the element; the prototype's is the one the browser uses.
const setValue = (el, value) => {
  const prototype = tagOf(el) === 'textarea' ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  Object.getOwnPropertyDescriptor(prototype, 'value').set.call(el, value);
};

// Inputs whose text is not typed but picked.
const PICKED = new Set(['date', 'time', 'datetime-local', 'month', 'week', 'color', 'range']);
const NOT_TYPED = new Set(['button', 'submit', 'reset', 'image', 'checkbox', 'radio', 'file', 'hidden']);

const controlOf = (el) => {
  if (tagOf(el) === 'label' && el.control) return el.control;
  return el;
};

const kindOf = (el) => {
  const tag = tagOf(el);
  if (tag === 'select') return 'select';
  if (tag === 'textarea') return 'text';
  if (tag === 'input') {
    if (el.type === 'checkbox' || el.type === 'radio') return el.type;
    if (PICKED.has(el.type)) return 'picked';
    return NOT_TYPED.has(el.type) ? el.type : 'text';
  }
  if (el.isContentEditable) return 'editable';
  const role = roleOf(el);
  if (/^(checkbox|switch|menuitemcheckbox|option)$/.test(role)) return 'checkbox';
  if (/^(radio|menuitemradio)$/.test(role)) return 'radio';
  return '';
};

const aboutControl = (token) => {
  const el = controlOf(held.get(token));
  // Pages hide boxes and draw their labels instead: a person clicks those.
  const stand = isVisible(el) ? null : labelsOf(el).find(isVisible);
  const own = held.hold(el);
  const click = stand ? held.hold(stand) : own;
  return { token: own, click, kind: kindOf(el), sketch: sketch(el) };
};

// Puts the focus in an element and the caret at the end, or selects all that is to be replaced.
const focusFor = (token, replace) => {
  const el = controlOf(held.get(token));
  if (!el || !el.isConnected) return { status: 'detached' };
  const had = activeElement() === el;
  el.focus({ preventScroll: true });
  const text = typeof el.value === 'string';
  if (replace) {
    if (text && el.select) el.select();
    else if (el.isContentEditable) getSelection().selectAllChildren(el);
  } else if (!had) {
    if (text && el.setSelectionRange) {
      try {
        el.setSelectionRange(el.value.length, el.value.length);
      } catch {
        // Numbers and addresses have no caret that a script may set; the browser puts it at the end.
      }
    } else if (el.isContentEditable) {
      const selection = getSelection();
      selection.selectAllChildren(el);
      selection.collapseToEnd();
    }
  }
  const focused = activeElement();
  if (focused !== el && !holds(el, focused)) return { status: 'unfocused', sketch: sketch(el) };
  const value = text ? el.value : el.textContent;
  return { status: 'focused', empty: !value };
};

// Whether there is something that takes text.
const takesText = () => {
  const el = activeElement();
  if (!el || el === document.body) return { status: 'none' };
  if (/^i?frame$/.test(tagOf(el))) return { status: 'frame' };
  return { status: kindOf(el) === 'text' || kindOf(el) === 'editable' || kindOf(el) === 'picked' ? 'text' : 'other' };
};

// What is in an input that may not take every text; nothing where all that is typed arrives.
const roomOf = (token) => {
  const el = token === null ? activeElement() : controlOf(held.get(token));
  if (!el || !/^(input|textarea)$/.test(tagOf(el)) || kindOf(el) !== 'text') return null;
  if (el.type !== 'number' && el.maxLength < 0) return null;
  return { characters: [...el.value].length, bad: el.validity.badInput, type: el.type, sketch: sketch(el) };
};

const FORMS = {
  date: '2026-11-20', time: '13:37', 'datetime-local': '2026-11-20T13:37', month: '2026-11', week: '2026-W47',
  color: '#ff8800', range: '42',
};

const pick = (token, value) => {
  const el = held.get(token);
  const wanted = el.type === 'color' ? value.trim().toLowerCase() : value.trim();
  el.focus({ preventScroll: true });
  setValue(el, wanted);
  // The browser drops what is not of the input's form, and puts a range within its bounds.
  if (wanted !== '' && (el.type === 'range' ? Number.isNaN(Number(wanted)) : el.value !== wanted && !sameMoment(el.value, wanted))) {
    // The text itself is not repeated: it may be a secret.
    const form = FORMS[el.type] ? `, which is of the form ${FORMS[el.type]}` : '';
    return { ok: false, detail: `the text is no value of an input of type ${el.type}${form}` };
  }
  changed(el);
  return { ok: true, value: el.value };
};

const sameMoment = (a, b) => a !== '' && a.replace(/:00(\.0+)?$/, '') === b.replace(' ', 'T').replace(/:00(\.0+)?$/, '');

const isChecked = (token) => {
  const el = held.get(token);
  if (tagOf(el) === 'input') return { checked: el.checked, mixed: el.indeterminate };
  const state = el.getAttribute('aria-checked') ?? el.getAttribute('aria-selected');
  return { checked: state === 'true', mixed: state === 'mixed' };
};

const selectOptions = (token, values, labels) => {
  const el = controlOf(held.get(token));
  if (tagOf(el) !== 'select') return { status: 'wrong', detail: `${sketch(el)} is not a <select>` };
  if (!el.multiple && values.length + labels.length !== 1) {
    return { status: 'wrong', detail: `${sketch(el)} takes one option, not ${values.length + labels.length}` };
  }
  const options = [...el.options];
  const chosen = [];
  for (const [texts, matches] of [
    [values, (option, text) => option.value === text],
    [labels, (option, text) => lower(option.label) === lower(text) || lower(option.text) === lower(text)],
  ]) {
    for (const text of texts) {
      const option = options.find((each) => matches(each, text));
      if (!option) {
        const known = options.slice(0, 20).map((each) => ({ value: each.value, label: fold(each.label) }));
        return { status: 'missing', detail: `no option \`${text}\` in ${sketch(el)}`, options: known };
      }
      if (option.disabled || (option.parentElement !== el && option.parentElement.disabled)) {
        return { status: 'disabled', detail: `option \`${text}\` is disabled` };
      }
      chosen.push(option);
    }
  }
  el.focus({ preventScroll: true });
  const before = options.map((option) => option.selected).join();
  if (el.multiple) for (const option of options) option.selected = chosen.includes(option);
  else chosen[0].selected = true;
  if (options.map((option) => option.selected).join() !== before) changed(el);
  return { status: 'ok', values: [...el.selectedOptions].map((option) => option.value) };
};

// Options of a form's select may be given by value or by what a person reads.
const selectByEither = (token, texts) => {
  const options = [...held.get(token).options];
  const known = (text) => options.some((option) => option.value === text);
  const values = texts.filter(known);
  const labels = texts.filter((text) => !known(text));
  return selectOptions(token, values, labels);
};

// The button of a group that carries a value or a label.
const radioOf = (token, wanted) => {
  const el = held.get(token);
  const root = el.getRootNode();
  const group = el.name
    ? [...root.querySelectorAll('input[type=radio]')].filter((each) => each.name === el.name && each.form === el.form)
    : [el];
  const found =
    group.find((each) => each.value === wanted) ||
    group.find((each) => labelTexts(each).some((text) => lower(text) === lower(wanted)));
  return found ? { token: held.hold(found) } : {};
};

const scrollTarget = (token) => {
  const start = token === null ? null : held.get(token);
  const scrolls = (el) => {
    if (el === document.scrollingElement) return true;
    const style = getComputedStyle(el);
    return (
      (el.scrollHeight > el.clientHeight && /(auto|scroll|hidden)/.test(style.overflowY)) ||
      (el.scrollWidth > el.clientWidth && /(auto|scroll|hidden)/.test(style.overflowX))
    );
  };
  const page = document.scrollingElement || document.documentElement;
  if (start) return closest(start, scrolls) || page;
  if (page.scrollHeight > page.clientHeight || page.scrollWidth > page.clientWidth) return page;
  // Where the page itself does not scroll, what fills it does.
  const middle = elementAt(innerWidth / 2, innerHeight / 2);
  return (middle && closest(middle, scrolls)) || page;
};

const scrollIt = (token, dx, dy, to) => {
  const el = scrollTarget(token);
  if (to === 'top') el.scrollTo({ top: 0, behavior: 'instant' });
  if (to === 'bottom') el.scrollTo({ top: el.scrollHeight, behavior: 'instant' });
  if (dx || dy) el.scrollBy({ left: dx, top: dy, behavior: 'instant' });
  return {
    x: el.scrollLeft, y: el.scrollTop,
    max_x: el.scrollWidth - el.clientWidth, max_y: el.scrollHeight - el.clientHeight,
  };
};

const showIt = (token) => {
  const el = held.get(token);
  if (!el || !el.isConnected) return null;
  bringIntoView(el, 0);
  return { x: scrollX, y: scrollY };
};

const clearFiles = (token) => {
  const el = held.get(token);
  const had = el.files.length;
  el.value = '';
  if (had) changed(el);
  return had;
};

// What does something else when it is clicked than to open a file chooser. Of anything else only the click tells.
const opensNothing = (el) => {
  const tag = tagOf(el);
  if (tag === 'select' || tag === 'textarea' || tag === 'option') return true;
  if (tag === 'input') return el.type !== 'button';
  if (tag === 'a') return /^https?:/.test(el.href) && !(el.getAttribute('href') || '').startsWith('#');
  if (tag !== 'button' || !el.form || el.type === 'button') return false;
  // A button is one that sends its form unless it says otherwise, which those that open a chooser often forget.
  return el.type === 'reset' || el.hasAttribute('type') || !el.form.querySelector('input[type=file]');
};

const fileInput = (token) => {
  const el = controlOf(held.get(token));
  if (tagOf(el) === 'input' && el.type === 'file') {
    return { kind: 'input', token: held.hold(el), multiple: el.multiple, folder: el.webkitdirectory };
  }
  return { kind: opensNothing(el) ? 'other' : 'opener', token, sketch: sketch(el) };
};
