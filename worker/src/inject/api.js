const elementBox = (token) => {
  const el = held.get(token);
  if (!el || !el.isConnected) return { status: 'detached' };
  const box = el.getBoundingClientRect();
  return { status: 'ok', x: box.left, y: box.top, width: box.width, height: box.height };
};

// A picture of more than the viewport is drawn without scrollbars, so it must be measured without them.
const scrollbars = (() => {
  let sheet = null;
  let timer = 0;
  const show = () => {
    clearTimeout(timer);
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
  };
  const hide = () => {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(':root { scrollbar-width: none !important }');
    }
    show();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    // A command that is gone must not leave a page without them.
    timer = setTimeout(show, 10000);
  };
  return { show, hide };
})();

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
  inDocumentOrder, query, present, ready, throughFrame, focusFor, takesText, roomOf, aboutControl, pick, isChecked, selectOptions,
  selectByEither, radioOf, scrollIt, showIt, fileInput, clearFiles, observe, html, text, readable, elementBox, localStorageItems,
  setLocalStorage,
  frameOffset: (token) => frameBox(held.get(token)),
  hold: (el) => held.hold(el),
  element: (token) => held.get(token),
  cursorAt, elementAt,
  hideScrollbars: () => scrollbars.hide(),
  showScrollbars: () => scrollbars.show(),
  guardOutcome: () => guard.outcome(),
  viewport: () => ({ width: innerWidth, height: innerHeight }),
};
