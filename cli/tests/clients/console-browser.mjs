// A browser as people have it, which opens the console, and notes what a page of it must never do.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const programs = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/google-chrome'];

async function launch() {
  let last;
  for (const executablePath of [process.env.ROOKERY_BROWSER, ...programs].filter(Boolean)) {
    try {
      return await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

// `open(path, options)` gives a page in a context of its own; `close` fails if one of them broke the rules.
export async function viewer(base) {
  const browser = await launch();
  const complaints = [];
  const open = async (path = '/', options = {}, prepare = async () => {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', error => complaints.push(`${path}: ${error.stack}`));
    page.on('console', message => {
      // The browser's own word on an answer that is no success, which tests provoke, is no complaint.
      const answer = /^Failed to load resource/.test(message.text());
      if (message.type() === 'error' && !answer) complaints.push(`${path}: ${message.text()}`);
    });
    // Nothing comes from elsewhere: the console works without the internet.
    page.on('request', request => {
      const { protocol, origin } = new URL(request.url());
      const own = origin === new URL(base).origin || protocol === 'blob:' || protocol === 'data:';
      if (!own) complaints.push(`${path}: asks for ${request.url()}`);
    });
    await prepare(page);
    await page.goto(base + path);
    return page;
  };
  const close = async () => {
    await browser.close();
    assert.deepEqual(complaints, []);
  };
  return { open, close };
}

// The API, as a program beside the browser uses it.
export function api(base) {
  return async (method, path, body) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
    const answer = await response.json();
    assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
}

// Waits until `look` gives what is true, and says what it gave last if it never does.
export async function until(what, look) {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const seen = await look();
    if (seen === true) return;
    if (Date.now() > deadline) throw new Error(`waited for ${what}: ${JSON.stringify(seen)}`);
    await new Promise(done => setTimeout(done, 50));
  }
}
