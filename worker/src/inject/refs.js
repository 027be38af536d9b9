// The numbers that `observe` gives to elements, and the elements a command holds between two calls.

const refs = (() => {
  const numbers = new WeakMap();
  const elements = new Map();
  return {
    of: (el) => (numbers.has(el) ? `e${numbers.get(el)}` : ''),
    // An element keeps its number as long as its document lives. Numbers come from outside: they are one row over
    // all frames.
    give(el, next) {
      if (numbers.has(el)) return next;
      numbers.set(el, next);
      elements.set(next, new WeakRef(el));
      return next + 1;
    },
    find(ref) {
      const held = elements.get(Number(ref.slice(1)));
      const el = held && held.deref();
      return el && el.isConnected ? el : null;
    },
  };
})();

const held = (() => {
  let last = 0;
  const elements = new Map();
  return {
    hold(el) {
      last += 1;
      elements.set(last, el);
      // A command holds a few, and those that show frames; what earlier ones held is let go.
      elements.delete(last - 1024);
      return last;
    },
    get: (token) => elements.get(token),
  };
})();
