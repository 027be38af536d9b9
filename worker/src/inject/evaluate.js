// Calls a value if its source is that of a function, and lets through only what JSON can hold.
((given, source, args) => {
  const LIMIT = 250e6;
  const fail = (kind, path) => {
    throw new Error(`rookery cannot hold: ${kind}: ${path}`);
  };
  let size = 0;
  // What a text takes on the pipe: all but ASCII is escaped there.
  const weigh = (text) => {
    size += text.length;
    if (size * 6 < LIMIT) return;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 126 || code < 32) size += 5;
      else if (code === 34 || code === 92) size += 1;
    }
    if (size > LIMIT) fail('too large', '');
  };
  const isNode = (value) => typeof Node === 'function' && value instanceof Node;
  const isPlain = (value) => {
    const prototype = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype;
  };
  const check = (value, path, above) => {
    switch (typeof value) {
      case 'string':
        weigh(value);
        return value;
      case 'number':
        size += 8;
        if (value !== value || value === Infinity || value === -Infinity) fail(String(value), path);
        return value;
      case 'boolean':
      case 'undefined':
        size += 5;
        return value;
      case 'bigint':
        return fail('BigInt', path);
      case 'symbol':
        return fail('symbol', path);
      case 'function':
        return fail('function', path);
    }
    if (value === null) return value;
    if (above.includes(value)) fail('cyclic', path);
    if (above.length > 900) fail('too deep', '');
    if (typeof value.toJSON === 'function') return check(value.toJSON(), path, above);
    if (isNode(value)) fail('DOM node', path);
    if (value === globalThis || Object.prototype.toString.call(value) === '[object Window]') fail('window', path);
    if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      return check(value.valueOf(), path, above);
    }
    if (value instanceof Error) return { name: value.name, message: value.message };
    for (const type of ['Map', 'Set', 'WeakMap', 'WeakSet', 'Promise']) {
      if (Object.prototype.toString.call(value) === `[object ${type}]`) fail(type, path);
    }
    above.push(value);
    let copy;
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      copy = [];
      for (let i = 0; i < value.length; i++) {
        const item = check(value[i], `${path}[${i}]`, above);
        copy.push(item === undefined ? null : item);
        size += 1;
      }
    } else {
      copy = {};
      // Values of the browser's own kinds, such as DOMRect, keep their fields on the prototype.
      const names = isPlain(value) ? Object.keys(value) : namesOf(value);
      for (const name of names) {
        weigh(name);
        const item = check(value[name], `${path}.${name}`, above);
        if (item !== undefined) Object.defineProperty(copy, name, { value: item, enumerable: true });
        size += 4;
      }
    }
    above.pop();
    return copy;
  };
  const namesOf = (value) => {
    const own = Object.keys(value);
    return own.length || typeof value.length !== 'number' ? own : Array.from({ length: value.length }, (_, i) => String(i));
  };
  const isFunction = /^\s*\(*\s*(async\b)?\s*(function\b|\([^]*?\)\s*=>|[\w$]+\s*=>)/.test(source);
  const finish = (value) => {
    if (typeof value === 'function' && isFunction) value = value(...args);
    return value && typeof value === 'object' && typeof value.then === 'function'
      ? Promise.resolve(value).then((inner) => check(inner, '', []))
      : check(value, '', []);
  };
  return given && typeof given === 'object' && typeof given.then === 'function' ? given.then(finish) : finish(given);
})
