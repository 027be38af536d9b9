// Runs a source text. It is compiled in this order and run only once: as an expression, as one that awaits, as
// statements that await or return, as statements with a completion value.
//
// What checks the result comes as a text and is compiled only for what is not plain: it is most of the work else.
((source, args, checker) => {
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
    (() => (0, eval)(source));
  const value = run();
  switch (typeof value) {
    case 'string':
      if (value.length < 4e7) return value;
      break;
    case 'number':
      if (value - value === 0) return value;
      break;
    case 'boolean':
    case 'undefined':
      return value;
  }
  return value === null ? value : Function(`return ${checker}`)()(value, source, args);
})
