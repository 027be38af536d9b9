// Finding elements. Each way gives all matches in document order.

class Invalid extends Error {}

// Splits at a separator that is not inside brackets, parentheses or quotes.
const splitOutside = (text, isSeparator) => {
  const parts = [];
  let depth = 0;
  let quote = '';
  let part = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\') {
      part += c + (text[++i] ?? '');
      continue;
    }
    if (quote) quote = c === quote ? '' : quote;
    else if (c === '"' || c === "'") quote = c;
    else if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') depth--;
    else if (!depth && isSeparator(c)) {
      parts.push(part, c);
      part = '';
      continue;
    }
    part += c;
  }
  parts.push(part);
  return parts;
};

// A complex selector as compounds and the combinators between them.
const compoundsOf = (complex) => {
  const compounds = [];
  let combinator = '';
  for (const part of splitOutside(complex.trim(), (c) => /[\s>+~]/.test(c))) {
    if (/^[>+~]$/.test(part)) combinator = part;
    else if (/^\s?$/.test(part)) combinator = combinator || ' ';
    else {
      compounds.push({ combinator: compounds.length ? combinator || ' ' : '', css: part });
      combinator = '';
    }
  }
  return compounds;
};

const matchesComplex = (el, compounds, last) => {
  const { combinator, css } = compounds[last];
  if (!el.matches(css)) return false;
  if (last === 0) return true;
  switch (combinator) {
    case '>':
      return Boolean(parentOf(el)) && matchesComplex(parentOf(el), compounds, last - 1);
    case '+': {
      const before = el.previousElementSibling;
      return Boolean(before) && matchesComplex(before, compounds, last - 1);
    }
    case '~':
      for (let at = el.previousElementSibling; at; at = at.previousElementSibling) {
        if (matchesComplex(at, compounds, last - 1)) return true;
      }
      return false;
    default:
      return closest(parentOf(el), (at) => matchesComplex(at, compounds, last - 1)) !== null;
  }
};

const byCss = (css) => {
  let plain;
  try {
    plain = [...document.querySelectorAll(css)];
  } catch {
    throw new Invalid(`\`${css}\` is not a valid CSS selector`);
  }
  if (!shadowRootsIn(document).length) return plain;
  // Combinators reach through shadow boundaries, which the browser's own matching does not.
  const lists = splitOutside(css, (c) => c === ',').filter((part) => part !== ',').map(compoundsOf);
  const own = new Set(plain);
  return elementsIn(document).filter(
    (el) => own.has(el) || lists.some((compounds) => matchesComplex(el, compounds, compounds.length - 1)),
  );
};

const byXPath = (path) => {
  let result;
  try {
    result = document.evaluate(path, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
  } catch {
    throw new Invalid(`\`${path}\` is not a valid XPath expression that gives elements`);
  }
  return Array.from({ length: result.snapshotLength }, (_, i) => result.snapshotItem(i)).filter(isElement);
};

// Whole matches before parts of a text; what is visible before what is not.
const best = (matches, textOf, wanted) => {
  const exact = matches.filter((el) => textOf(el).some((text) => lower(text) === wanted));
  return exact.length ? exact : matches;
};

const visibleFirst = (matches) => {
  const visible = matches.filter(isVisible);
  return visible.length ? visible : matches;
};

const byText = (given) => {
  const wanted = lower(given);
  if (!wanted) throw new Invalid('an empty text matches everything');
  const dense = wanted.replace(/ /g, '');
  const hasShadow = shadowRootsIn(document).length > 0;
  const cache = new Map();
  const found = [];
  // Only what can hold the text is looked at closely: computing styles of a whole page is slow.
  const mayHold = (el) =>
    hasShadow || tagOf(el) === 'input' || el.querySelector('input') ||
    textContentOf(el).toLowerCase().replace(/[\s\u200b\u00ad]+/g, '').includes(dense);
  const visit = (el) => {
    if (NOT_TEXT.has(tagOf(el)) || !mayHold(el)) return false;
    let inner = false;
    for (const child of shownChildren(el)) if (isElement(child) && visit(child)) inner = true;
    if (inner) return true;
    if (!lower(visibleText(el, cache)).includes(wanted)) return false;
    found.push(el);
    return true;
  };
  if (document.body) visit(document.body);
  return best(visibleFirst(found), (el) => [visibleText(el, cache)], wanted);
};

const byRole = (role, name) => {
  const wantedRole = role.trim().toLowerCase();
  const ofRole = elementsIn(document).filter((el) => roleOf(el) === wantedRole && !isHiddenForAria(el));
  if (name === undefined || name === null) return ofRole;
  const wanted = lower(name);
  const named = ofRole.filter((el) => lower(nameOf(el)).includes(wanted));
  return best(named, (el) => [nameOf(el)], wanted);
};

const isControl = (el) =>
  /^(input|select|textarea|button|meter|progress|output)$/.test(tagOf(el)) ||
  el.isContentEditable || el.hasAttribute('aria-label') || el.hasAttribute('aria-labelledby');

const byLabel = (label) => {
  const wanted = lower(label);
  if (!wanted) throw new Invalid('an empty label matches everything');
  const found = elementsIn(document).filter(
    (el) => isControl(el) && labelTexts(el).some((text) => lower(text).includes(wanted)),
  );
  return best(visibleFirst(found), labelTexts, wanted);
};

const byPlaceholder = (placeholder) => {
  const wanted = lower(placeholder);
  const texts = (el) => [el.getAttribute('placeholder') || el.getAttribute('aria-placeholder') || ''];
  const found = elementsIn(document).filter((el) => texts(el)[0] && lower(texts(el)[0]).includes(wanted));
  return best(found, texts, wanted);
};

// `role=button[name="Sign in"]`
const byRoleSelector = (text) => {
  const parsed = /^\s*([a-z]+)\s*(?:\[\s*name\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\]]*))\s*i?\s*\])?\s*$/i.exec(text);
  if (!parsed) throw new Invalid(`\`role=${text}\` is not of the form role=button[name="Sign in"]`);
  return byRole(parsed[1], parsed[2] ?? parsed[3] ?? parsed[4]);
};

const unquoted = (text) => /^\s*(["'])([\s\S]*)\1\s*$/.exec(text)?.[2] ?? text;

const bySelector = (selector) => {
  if (selector.startsWith('text=')) return byText(unquoted(selector.slice(5)));
  if (selector.startsWith('role=')) return byRoleSelector(selector.slice(5));
  if (selector.startsWith('xpath=')) return byXPath(selector.slice(6));
  if (selector.startsWith('css=')) return byCss(selector.slice(4));
  return byCss(selector);
};

// A form field as people name it: by its label, then its placeholder, its name, its id.
const byField = (field) => {
  const wanted = lower(field);
  const usable = (el) => isEditableKind(el) && el.type !== 'hidden';
  const groups = () =>
    elementsIn(document).filter((el) => /^(group|radiogroup)$/.test(roleOf(el)) && lower(nameOf(el)) === wanted);
  for (const way of [
    () => byLabel(field).filter(usable),
    () => byPlaceholder(field).filter(usable),
    () => elementsIn(document).filter((el) => usable(el) && lower(el.getAttribute('name')) === wanted),
    () => elementsIn(document).filter((el) => usable(el) && lower(attribute(el, 'id')) === wanted),
    () => groups().flatMap((group) => elementsIn(group).filter((el) => usable(el) && kindOf(el) === 'radio')),
  ]) {
    const found = way();
    if (found.length) return found;
  }
  return [];
};

const isEditableKind = (el) =>
  /^(input|select|textarea)$/.test(tagOf(el)) || el.isContentEditable ||
  /^(checkbox|switch|radio|textbox|combobox|searchbox|spinbutton|slider)$/.test(roleOf(el));

const find = (by) => {
  switch (by.way) {
    case 'selector':
      return bySelector(by.value);
    case 'text':
      return byText(by.value);
    case 'role':
      return byRole(by.value, by.name);
    case 'label':
      return byLabel(by.value);
    case 'placeholder':
      return byPlaceholder(by.value);
    case 'test_id':
      return byCss(`[data-testid=${JSON.stringify(by.value)}]`);
    case 'field':
      return byField(by.value);
    case 'ref': {
      const el = refs.find(by.value);
      return el ? [el] : [];
    }
    case 'held': {
      const el = held.get(by.value);
      return el && el.isConnected ? [el] : [];
    }
    case 'point': {
      if (by.x >= innerWidth || by.y >= innerHeight) {
        throw new Invalid(`the point ${by.x}, ${by.y} is outside the viewport, which is ${innerWidth} by ${innerHeight}; scroll first`);
      }
      const el = elementAt(by.x, by.y);
      return el ? [el] : [];
    }
    default:
      throw new Invalid(`no way to find by ${by.way}`);
  }
};

// What was found, with a token by which later calls name the one element.
const query = (by, nth) => {
  let matches;
  try {
    matches = find(by);
  } catch (error) {
    if (error instanceof Invalid) return { status: 'invalid', detail: error.message };
    throw error;
  }
  const count = matches.length;
  if (!count) return { status: 'none', count };
  if (nth === null && count > 1 && by.way === 'field') {
    // The radio buttons of a group share their name; which is meant, its value says.
    if (matches.every((el) => el.type === 'radio' && el.name === matches[0].name)) {
      return { status: 'one', count: 1, token: held.hold(matches[0]) };
    }
  }
  if (nth === null && count > 1) {
    const listed = matches.slice(0, 10).map((el) => ({ ...describe(el), visible: isVisible(el) }));
    return { status: 'many', count, matches: listed, tokens: matches.slice(0, 10).map((el) => held.hold(el)) };
  }
  const el = matches[nth ?? 0];
  return el ? { status: 'one', count, token: held.hold(el) } : { status: 'none', count };
};

// Whether there is a match, for those who only wait.
const present = (by, nth) => {
  let matches;
  try {
    matches = find(by);
  } catch (error) {
    if (error instanceof Invalid) return { invalid: error.message };
    throw error;
  }
  const meant = nth === null ? matches : matches.slice(nth, nth + 1);
  return { count: matches.length, attached: meant.length > 0, visible: meant.some(isVisible) };
};
