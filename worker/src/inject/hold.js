// A text that may be too large comes as an object, to be looked at before it is sent.
((value) => {
  const hold = (value) => (typeof value === 'string' && value.length >= 4e7 ? Object(value) : value);
  return value && typeof value === 'object' && typeof value.then === 'function'
    ? (async () => hold(await value))()
    : hold(value);
})
