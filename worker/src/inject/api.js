const elementBox = (token) => {
  const el = held.get(token);
  if (!el || !el.isConnected) return { status: 'detached' };
  const box = el.getBoundingClientRect();
  return { status: 'ok', x: box.left, y: box.top, width: box.width, height: box.height };
};

const localStorageItems = () => {
  try {
    return Object.keys(localStorage).map((name) => ({ name, value: localStorage.getItem(name) }));
  } catch {
    // An opaque origin has no storage.
    return [];
  }
};

const setLocalStorage = (items) => {
  localStorage.clear();
  for (const { name, value } of items) localStorage.setItem(name, value);
  return items.length;
};

return {
  query, present, ready, throughFrame, focusFor, takesText, roomOf, aboutControl, pick, isChecked, selectOptions,
  selectByEither, radioOf, scrollIt, showIt, fileInput, clearFiles, observe, html, text, readable, elementBox, localStorageItems,
  setLocalStorage,
  frameOffset: (token) => frameBox(held.get(token)),
  hold: (el) => held.hold(el),
  element: (token) => held.get(token),
  guardOutcome: () => guard.outcome(),
  viewport: () => ({ width: innerWidth, height: innerHeight }),
};
