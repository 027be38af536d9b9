// ARIA roles, by attribute and by element (WAI-ARIA 1.2, HTML-AAM).

const ROLES = new Set(
  ('alert alertdialog application article banner blockquote button caption cell checkbox code columnheader combobox ' +
    'complementary contentinfo definition deletion dialog directory document emphasis feed figure form generic grid ' +
    'gridcell group heading img image insertion link list listbox listitem log main marquee math menu menubar ' +
    'menuitem menuitemcheckbox menuitemradio meter navigation none note option paragraph presentation progressbar ' +
    'radio radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider spinbutton status ' +
    'strong subscript superscript suggestion switch tab table tablist tabpanel term textbox time timer toolbar ' +
    'tooltip tree treegrid treeitem').split(' '),
);

const PLAIN_ROLES = {
  address: 'group', article: 'article', aside: 'complementary', blockquote: 'blockquote', button: 'button',
  caption: 'caption', code: 'code', datalist: 'listbox', dd: 'definition', del: 'deletion', details: 'group',
  dfn: 'term', dialog: 'dialog', dt: 'term', em: 'emphasis', fieldset: 'group', figure: 'figure', h1: 'heading',
  h2: 'heading', h3: 'heading', h4: 'heading', h5: 'heading', h6: 'heading', hgroup: 'group', hr: 'separator',
  html: 'document', ins: 'insertion', li: 'listitem', main: 'main', math: 'math', menu: 'list', meter: 'meter',
  nav: 'navigation', ol: 'list', optgroup: 'group', option: 'option', output: 'status', p: 'paragraph',
  progress: 'progressbar', search: 'search', strong: 'strong', sub: 'subscript', summary: 'button',
  sup: 'superscript', svg: 'img', table: 'table', tbody: 'rowgroup', textarea: 'textbox', tfoot: 'rowgroup',
  thead: 'rowgroup', time: 'time', tr: 'row', ul: 'list', iframe: 'iframe', frame: 'iframe', video: 'video',
  audio: 'audio', canvas: 'canvas',
};

const INPUT_ROLES = {
  button: 'button', checkbox: 'checkbox', color: 'color', date: 'date', 'datetime-local': 'datetime', file: 'file',
  image: 'button', month: 'month', number: 'spinbutton', password: 'textbox', radio: 'radio', range: 'slider',
  reset: 'button', submit: 'button', time: 'time', week: 'week', hidden: '',
};

const SECTIONING = new Set(['article', 'aside', 'main', 'nav', 'section']);

const implicitRole = (el) => {
  const tag = tagOf(el);
  switch (tag) {
    case 'a':
    case 'area':
      return el.hasAttribute('href') ? 'link' : '';
    case 'img':
      return el.getAttribute('alt') === '' && !el.hasAttribute('aria-label') && !attribute(el, 'title') ? 'presentation' : 'img';
    case 'header':
    case 'footer': {
      const inner = closest(parentOf(el), (at) => SECTIONING.has(tagOf(at)));
      return inner ? '' : tag === 'header' ? 'banner' : 'contentinfo';
    }
    case 'section':
      return hasOwnLabel(el) ? 'region' : '';
    case 'form':
      return hasOwnLabel(el) ? 'form' : '';
    case 'select':
      return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
    case 'input': {
      const list = el.getAttribute('list');
      if (list && el.getRootNode().getElementById(list) && /^(text|search|tel|url|email)$/.test(el.type)) {
        return 'combobox';
      }
      if (el.type === 'search') return 'searchbox';
      return el.type in INPUT_ROLES ? INPUT_ROLES[el.type] : 'textbox';
    }
    case 'td':
    case 'th': {
      const table = closest(el, (at) => tagOf(at) === 'table');
      const grid = table && /^(grid|treegrid)$/.test(table.getAttribute('role') || '');
      if (tag === 'td') return grid ? 'gridcell' : 'cell';
      return el.scope === 'row' || el.scope === 'rowgroup' ? 'rowheader' : 'columnheader';
    }
    default:
      if (PLAIN_ROLES[tag]) return PLAIN_ROLES[tag];
      return el.isContentEditable && !(parentOf(el) && parentOf(el).isContentEditable) ? 'textbox' : '';
  }
};

const hasOwnLabel = (el) =>
  Boolean(fold(el.getAttribute('aria-label')) || fold(el.getAttribute('aria-labelledby')) || fold(attribute(el, 'title')));

const roleOf = (el) => {
  for (const role of (el.getAttribute('role') || '').toLowerCase().split(/\s+/)) {
    if (!ROLES.has(role)) continue;
    // What can be focused is not taken out of the tree by its author.
    if (/^(none|presentation)$/.test(role) && isFocusable(el)) break;
    return role === 'image' ? 'img' : role === 'none' ? 'presentation' : role;
  }
  return implicitRole(el);
};

const isFocusable = (el) =>
  el.hasAttribute('tabindex') ||
  el.isContentEditable ||
  (/^(button|input|select|textarea)$/.test(tagOf(el)) && !el.disabled) ||
  (/^(a|area)$/.test(tagOf(el)) && el.hasAttribute('href')) ||
  tagOf(el) === 'summary' ||
  tagOf(el) === 'iframe';

const isHiddenForAria = (el) =>
  !isRendered(el) || closest(el, (at) => at.getAttribute('aria-hidden') === 'true' || at.inert) !== null;

// Roles a person acts on.
const ACTED_ON = new Set(
  ('button checkbox color combobox date datetime file link listbox menuitem menuitemcheckbox menuitemradio month ' +
    'option radio scrollbar searchbox slider spinbutton switch tab textbox time treeitem week').split(' '),
);

const isInteractive = (el, role) => {
  if (role === 'time' && tagOf(el) === 'time') return false;
  if (ACTED_ON.has(role)) return true;
  if (el.isContentEditable) return !(parentOf(el) && parentOf(el).isContentEditable);
  if (el.hasAttribute('onclick') || (el.hasAttribute('tabindex') && el.tabIndex >= 0)) return true;
  // A script that listens shows itself by the hand it gives to the pointer; the outermost one is the control.
  if (getComputedStyle(el).cursor !== 'pointer' || tagOf(el) === 'label') return false;
  const parent = parentOf(el);
  return !parent || getComputedStyle(parent).cursor !== 'pointer';
};
