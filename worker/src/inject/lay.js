(function (text) {
  'use strict';
  const lay = (event) => {
    event.stopImmediatePropagation();
    // Without a selection there is nothing to copy, unless `beforecopy` is taken for handled.
    event.preventDefault();
    if (event.type === 'copy') event.clipboardData.setData('text/plain', text);
  };
  const types = ['beforecopy', 'copy'];
  for (const type of types) addEventListener(type, lay, true);
  try {
    return document.execCommand('copy');
  } finally {
    for (const type of types) removeEventListener(type, lay, true);
  }
})
