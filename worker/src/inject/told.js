// Which texts need not be told because the name of an element beside or around them tells them.

// The one element that is named by another: by `for`, as its caption, or by `aria-labelledby`; the one around it, if
// that is among several.
const namedBy = (el, referrers, around) => {
  const tag = tagOf(el);
  if (tag === 'label' && el.control) return el.control;
  if (/^(legend|caption|figcaption)$/.test(tag)) return parentOf(el);
  const id = attribute(el, 'id');
  const named = id ? referrers(el.getRootNode()).get(id) || [] : [];
  if (named.includes(around)) return around;
  return named.length === 1 ? named[0] : null;
};

// Who refers to which id by `aria-labelledby`, read once for each root.
const makeReferrers = () => {
  const roots = new Map();
  return (root) => {
    if (!roots.has(root)) {
      const named = new Map();
      for (const el of root.querySelectorAll ? root.querySelectorAll('[aria-labelledby]') : []) {
        for (const id of fold(el.getAttribute('aria-labelledby')).split(' ')) {
          if (named.has(id)) named.get(id).push(el);
          else named.set(id, [el]);
        }
      }
      roots.set(root, named);
    }
    return roots.get(root);
  };
};

// A box that its page hides and draws anew in the label: the label stands for it.
const hiddenControlOf = (el) => {
  const control = tagOf(el) === 'label' ? el.control : null;
  if (!control || !/^(checkbox|radio|file)$/.test(control.type) || isRendered(control)) return null;
  return labelsOf(control).find(isRendered) === el ? control : null;
};

// Between links and the like these say nothing.
const SEPARATOR = /^[\s.,;:|·•/()]*$/;

// What an element shows where its name, which was given to it, says something else: the number on a cart.
const contentBesideName = (el, name) => {
  const content = fold(contentName(el, new Set([el])));
  return /[\p{L}\p{N}]/u.test(content) && !lower(name).includes(lower(content)) ? content : '';
};

// By what a person who reads its source would know a control that has no name.
const hintOf = (el) => {
  if (tagOf(el) === 'a' && el.hasAttribute('href')) return `url=${fold(el.getAttribute('href')).slice(0, 100)}`;
  for (const name of ['name', 'id', 'data-testid', 'class']) {
    const value = fold(attribute(el, name));
    if (value) return `${name}=${value.slice(0, 60)}`;
  }
  return '';
};
