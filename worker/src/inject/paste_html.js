// What is pasted as HTML may come from a page that wishes this one ill. It is built anew from what is known to be
// harmless, so that nothing of it runs here and nothing is read differently the second time.

// A page's elements stand on the document and on forms under their names. What matters is read past them.
const getter = (prototype, name) => {
  const { get } = Object.getOwnPropertyDescriptor(prototype, name);
  return (node) => get.call(node);
};

const KNOWN = new Set(
  ('a abbr b bdi bdo big blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption ' +
    'figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strike strong sub ' +
    'summary sup table tbody td tfoot th thead time tr tt u ul var wbr').split(' '),
);
const BARRED = new Set(
  ('applet area audio base button canvas datalist embed frame frameset head iframe input link map math meta noembed ' +
    'noframes noscript object optgroup option param plaintext portal script select source style svg template textarea ' +
    'title track video xmp').split(' '),
);
const ATTRIBUTES = new Set(
  ('align alt bgcolor border cellpadding cellspacing cite color colspan datetime dir face height href lang nowrap ' +
    'reversed rowspan size span src start style title type valign value width').split(' '),
);
const LINKS = new Set(['href', 'src', 'cite']);

const isHarmless = (name, value) => {
  if (!ATTRIBUTES.has(name)) return false;
  if (!LINKS.has(name)) return true;
  try {
    const { protocol } = new URL(value, 'https://relative.invalid/');
    return /^(https?|mailto|tel|ftp):$/.test(protocol) || (name === 'src' && /^data:image\/(png|jpeg|gif|webp);/i.test(value));
  } catch {
    return false;
  }
};

// A document in which nothing runs and nothing loads.
const implementationOf = getter(Document.prototype, 'implementation');
const inertDocument = () => implementationOf(document).createHTMLDocument('');

// An element around what is harmless.
const harmless = (html) => {
  const made = inertDocument();
  const given = inertDocument().createElement('div');
  // The one way to read HTML that no policy of the page forbids. It leaves out less than what is left out here.
  given.setHTML?.(html, { sanitizer: {} });
  const copy = (from, to, depth) => {
    for (const node of from.childNodes) {
      if (node.nodeType === 3) to.append(made.createTextNode(node.data));
      if (node.nodeType !== 1 || depth > 200 || BARRED.has(node.localName)) continue;
      const isHtml = node.namespaceURI === 'http://www.w3.org/1999/xhtml';
      if (!isHtml) continue;
      let into = to;
      // What is not known goes, what it holds stays.
      if (KNOWN.has(node.localName)) {
        into = to.appendChild(made.createElement(node.localName));
        for (const { name, value } of node.attributes) if (isHarmless(name, value)) into.setAttribute(name, value);
      }
      copy(node, into, depth + 1);
    }
  };
  const holder = made.createElement('div');
  copy(given, holder, 0);
  return holder;
};

// Lines of text as an editor for rich text takes them.
const linesOf = (text) => {
  const made = inertDocument();
  const holder = made.createElement('div');
  text.split('\n').forEach((line, i) => {
    const into = i === 0 ? holder : holder.appendChild(made.createElement('div'));
    // Spaces that would run together.
    if (line) into.append(line.replace(/ (?= )|^ | $/g, '\u00a0'));
    else if (i > 0) into.append(made.createElement('br'));
  });
  return holder;
};
