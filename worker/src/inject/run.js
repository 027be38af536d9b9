// Runs a source text. It is compiled in this order and run only once: as an expression, as one that awaits, as
// statements that await or return, as statements with a completion value. Where it is that of a function, the
// function is called with the arguments. Its name ends the stack that the caller is shown.
(function runSource(source, args, hold) {
  // Not by their names, which a page may have taken.
  const Function = (() => {}).constructor;
  const AsyncFunction = (async () => {}).constructor;
  const compile = (make, body) => {
    try {
      return make(body);
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  };
  const awaits = /\bawait\b/.test(source);
  const run =
    compile(Function, `return (${source}\n)`) ||
    (awaits && compile(AsyncFunction, `return (${source}\n)`)) ||
    ((awaits || /\breturn\b/.test(source)) && compile(AsyncFunction, source)) ||
    function runSource() {
      return (0, eval)(source);
    };
  let value = run();
  if (typeof value === 'function' && /^\s*\(*\s*(async\b)?\s*(function\b|\([^]*?\)\s*=>|[\w$]+\s*=>)/.test(source)) {
    value = value(...args);
  }
  return hold(value);
})
