// A compact rendering of /openapi.json, for machines that do not reach the CDN that Scalar comes from.
'use strict';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  Object.assign(node, attributes);
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

// The name of a schema, linked where the document defines it.
function typeOf(schema) {
  if (!schema) return 'any';
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    return element('a', { href: `#schema-${name}`, textContent: name });
  }
  if (schema.type === 'array') return element('span', {}, 'list of ', typeOf(schema.items));
  if (schema.enum) return schema.enum.join(' | ');
  const options = schema.oneOf || schema.anyOf || schema.allOf;
  if (options) {
    const span = element('span');
    options.forEach((option, i) => span.append(i ? ' or ' : '', typeOf(option)));
    return span;
  }
  return [].concat(schema.type || 'any').join(' or ');
}

function table(heads, rows) {
  if (!rows.length) return undefined;
  const row = (cells, tag) => element('tr', {}, ...cells.map((cell) => element(tag, {}, cell)));
  return element('table', {}, row(heads, 'th'), ...rows.map((cells) => row(cells, 'td')));
}

function operation(path, method, spec) {
  const content = (holder) => Object.entries((holder && holder.content) || {});
  const parameters = (spec.parameters || []).map((p) => [
    element('code', { textContent: p.name }), p.in, typeOf(p.schema), p.description || '',
  ]);
  const bodies = content(spec.requestBody).map(([type, media]) => [type, typeOf(media.schema)]);
  const answers = Object.entries(spec.responses || {}).map(([status, answer]) => {
    const types = element('span');
    content(answer).forEach(([type, media], i) => types.append(i ? ', ' : '', `${type}: `, typeOf(media.schema)));
    return [status, answer.description || '', types];
  });
  return element('details', { id: spec.operationId },
    element('summary', {},
      element('b', { textContent: method.toUpperCase() }),
      element('code', { textContent: path }),
      element('span', { className: 'quiet', textContent: `  ${spec.summary || ''}` })),
    element('p', { textContent: spec.description || '' }),
    table(['Parameter', 'in', 'Type', ''], parameters),
    table(['Body', 'Type'], bodies),
    table(['Answer', '', 'Type'], answers));
}

function schema(name, spec) {
  const required = new Set(spec.required || []);
  const fields = Object.entries(spec.properties || {}).map(([field, type]) => [
    element('code', { textContent: field + (required.has(field) ? ' *' : '') }), typeOf(type), type.description || '',
  ]);
  return element('details', { id: `schema-${name}` },
    element('summary', {}, element('code', { textContent: name })),
    element('p', { textContent: spec.description || '' }),
    fields.length ? table(['Field', 'Type', ''], fields) : element('p', {}, typeOf(spec)));
}

function render(openapi) {
  const byTag = new Map((openapi.tags || []).map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(openapi.paths)) {
    for (const method of METHODS.filter((m) => item[m])) {
      const tag = (item[method].tags || ['other'])[0];
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push(operation(path, method, item[method]));
    }
  }
  const plain = document.getElementById('plain');
  plain.replaceChildren(
    element('h1', { textContent: `${openapi.info.title} ${openapi.info.version}` }),
    element('p', { textContent: openapi.info.description || '' }));
  for (const [tag, operations] of byTag) plain.append(element('h2', { textContent: tag }), ...operations);
  const schemas = Object.entries((openapi.components || {}).schemas || {});
  plain.append(element('h2', { textContent: 'Types' }), ...schemas.map(([name, spec]) => schema(name, spec)));
}

function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target) target.open = true;
}

// The page is of no origin and has no storage; Scalar wants some, for as long as the page is open.
function memory() {
  const items = new Map();
  return {
    get length() { return items.size; },
    key: (i) => [...items.keys()][i] ?? null,
    getItem: (key) => items.get(String(key)) ?? null,
    setItem: (key, value) => { items.set(String(key), String(value)); },
    removeItem: (key) => { items.delete(String(key)); },
    clear: () => { items.clear(); },
  };
}

for (const name of ['localStorage', 'sessionStorage']) {
  Object.defineProperty(window, name, { value: memory(), configurable: true });
}

// Scalar takes the page over once it shows something, and not before: it may not come, or fail.
const watcher = new MutationObserver(() => {
  const shown = [...document.body.children].some((child) => child.id !== 'plain' && child.offsetHeight > 200);
  if (!shown) return;
  watcher.disconnect();
  document.getElementById('plain').remove();
  document.getElementById('plain-style').remove();
});
watcher.observe(document.body, { childList: true, subtree: true });

addEventListener('hashchange', openTarget);
render(JSON.parse(document.getElementById('api-reference').textContent));
openTarget();
