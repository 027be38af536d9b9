// `navigator.clipboard` over the session's own clipboard, in the page's world. What it may do is judged in the other
// world: here anything may have been changed by the page.
((channel) => {
  'use strict';
  const port = navigator.clipboard;
  if (!port) return;
  const { Blob, ClipboardItem, CustomEvent, DOMException, JSON, Map, Object, Permissions, Promise, String, TypeError, Uint8Array } =
    globalThis;
  const { addEventListener, dispatchEvent } = EventTarget.prototype;
  const supports = ClipboardItem.supports.bind(ClipboardItem);
  const query = Permissions.prototype.query;
  const [atob, btoa] = [globalThis.atob.bind(globalThis), globalThis.btoa.bind(globalThis)];
  const isBinary = (type) => type.startsWith('image/') || type.startsWith('web ');

  const waiting = new Map();
  let last = 0;
  addEventListener.call(port, channel, ({ detail }) => {
    const { id, answer } = JSON.parse(detail);
    if (!answer) return;
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  const ask = (call) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      dispatchEvent.call(port, new CustomEvent(channel, { detail: JSON.stringify({ id: last, call }) }));
    });
  const done = async (name, call) => {
    const { error, items } = await ask(call);
    if (!error) return items;
    throw new DOMException(`Failed to execute '${name}' on 'Clipboard': ${error}`, 'NotAllowedError');
  };

  const encoded = async (blob) => {
    let text = '';
    for (const byte of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const decoded = (type, value) => {
    const part = isBinary(type) ? Uint8Array.from(atob(value), (c) => c.charCodeAt(0)) : value;
    return new Blob([part], { type });
  };
  const bad = (name, message) =>
    new TypeError(`Failed to execute '${name}' on 'Clipboard': ${message}`);
  const check = (self, name, given) => {
    if (self !== port) throw new TypeError('Illegal invocation');
    if (!given) throw bad(name, '1 argument required, but only 0 present.');
  };

  const methods = {
    async readText() {
      check(this, 'readText', true);
      return (await done('readText', { op: 'read' }))['text/plain'] ?? '';
    },
    async read() {
      check(this, 'read', true);
      const items = Object.entries(await done('read', { op: 'read' })).filter(([type]) => supports(type));
      const blobs = items.map(([type, value]) => [type, decoded(type, value)]);
      return blobs.length ? [new ClipboardItem(Object.fromEntries(blobs))] : [];
    },
    async writeText(data) {
      check(this, 'writeText', arguments.length > 0);
      await done('writeText', { op: 'write', items: { 'text/plain': `${data}` } });
    },
    async write(data) {
      check(this, 'write', arguments.length > 0);
      const given = [...data];
      if (given.some((item) => !(item instanceof ClipboardItem))) throw bad('write', 'these are no ClipboardItems.');
      const refuse = (message) => new DOMException(`Failed to execute 'write' on 'Clipboard': ${message}`, 'NotAllowedError');
      if (given.length > 1) throw refuse('Support for multiple ClipboardItems is not implemented.');
      const items = {};
      for (const type of given[0]?.types ?? []) {
        if (!supports(type)) throw refuse(`Type ${type} not supported on write.`);
        const blob = await given[0].getType(type);
        items[type] = isBinary(type) ? await encoded(blob) : await blob.text();
      }
      await done('write', { op: 'write', items });
    },
  };
  const replace = (prototype, own) => {
    for (const name of Object.keys(own)) {
      const were = Object.getOwnPropertyDescriptor(prototype, name);
      if (were) Object.defineProperty(prototype, name, { ...were, value: own[name] });
    }
  };
  replace(Clipboard.prototype, methods);
  replace(Permissions.prototype, {
    async query(descriptor) {
      const status = await query.apply(this, arguments);
      if (descriptor?.name === 'clipboard-read' || descriptor?.name === 'clipboard-write') {
        const { items } = await ask({ op: 'rights' });
        const state = items?.[descriptor.name] ?? 'denied';
        Object.defineProperty(status, 'state', { get: () => state, configurable: true, enumerable: true });
      }
      return status;
    },
  });
})
