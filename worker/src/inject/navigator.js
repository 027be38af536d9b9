// In a worker, before its own script: has the navigator say other words. The getters keep the looks of the browser's own.
(function (words) {
  const { apply } = Reflect;
  for (const [name, word] of Object.entries(words)) {
    const own = Object.getOwnPropertyDescriptor(WorkerNavigator.prototype, name);
    if (!own || !own.get) continue;
    // Called on anything else the browser's own getter throws.
    const get = new Proxy(own.get, { apply: (getter, self, args) => (apply(getter, self, args), word) });
    Object.defineProperty(WorkerNavigator.prototype, name, { ...own, get });
  }
})
