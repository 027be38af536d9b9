// While a person drives: what a page's own scripts put onto the clipboard is told. In the page's world, so that a page
// that looks closely can tell; what it can do with that is be told that a person drives.
((channel) => {
  'use strict';
  const port = navigator.clipboard;
  if (!port) return;
  const { CustomEvent, JSON, Proxy, Reflect, String } = globalThis;
  const { addEventListener, dispatchEvent } = EventTarget.prototype;
  const prototype = Clipboard.prototype;
  const tell = (text) => {
    dispatchEvent.call(port, new CustomEvent(channel, { detail: JSON.stringify(String(text)) }));
  };
  const textOf = async ([data]) => {
    const item = [...data].find((one) => one.types.includes('text/plain'));
    return item && (await (await item.getType('text/plain')).text());
  };
  const wrap = (name, read) => {
    const own = prototype[name];
    const told = new Proxy(own, {
      apply: (target, self, args) => {
        const written = Reflect.apply(target, self, args);
        written.then(async () => tell(await read(args))).catch(() => {});
        return written;
      },
    });
    prototype[name] = told;
    return () => {
      if (prototype[name] === told) prototype[name] = own;
    };
  };
  const undo = [wrap('writeText', ([text]) => text), wrap('write', textOf)];
  addEventListener.call(port, `${channel}end`, () => undo.forEach((one) => one()), { once: true });
})
