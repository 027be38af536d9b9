// Gives a function that runs a source text. It is compiled in this order and run only once: as an expression, as one
// that awaits, as statements that await or return, as statements with a completion value.
((source) => {
  const compile = (make, body) => {
    try {
      return make(body);
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  };
  const AsyncFunction = (async () => {}).constructor;
  const awaits = /\bawait\b/.test(source);
  return (
    compile(Function, `return (${source}\n)`) ||
    (awaits && compile(AsyncFunction, `return (${source}\n)`)) ||
    ((awaits || /\breturn\b/.test(source)) && compile(AsyncFunction, source)) ||
    (() => (0, eval)(source))
  );
})
