// noVNC in a browser: node vnc.mjs ours <page> | debian <server> <session> <directory of Debian's novnc> <port for it>
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { delimiter, extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const names = ['chromium-headless-shell', 'chrome-headless-shell', 'chromium', 'google-chrome'];
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

function findBrowser() {
  const directories = process.env.PATH.split(delimiter);
  const found = names.flatMap(name => directories.map(directory => join(directory, name))).find(existsSync);
  assert.ok(found, 'no browser: run scripts/setup test');
  return found;
}

// Debian's pages, on a loopback address of their own.
async function serve(directory, port) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://x').pathname);
    try {
      response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream');
      response.end(await readFile(join(directory, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise(done => server.listen(port, '127.0.0.1', done));
  return server;
}

// The colours of the canvas at places given in the page's own pixels.
async function shows(page, places) {
  const wanted = Object.entries(places);
  const look = wanted => {
    const canvas = document.querySelector('canvas');
    const context = canvas?.getContext('2d');
    return wanted.map(([x, colour]) => {
      const seen = context ? [...context.getImageData(Number(x), 300, 1, 1).data] : [];
      return seen.length > 0 && colour.every((value, i) => Math.abs(value - seen[i]) < 12);
    }).every(Boolean);
  };
  await page.waitForFunction(look, wanted, { timeout: 20_000 });
}

async function click(page, x, y) {
  const canvas = page.locator('canvas').first();
  const box = await canvas.boundingBox();
  const [width, height] = await canvas.evaluate(c => [c.width, c.height]);
  await page.mouse.click(box.x + x * box.width / width, box.y + y * box.height / height);
}

// Playwright has no keys for what is not on a US keyboard; a person's browser has.
async function type(page, text) {
  const cdp = await page.context().newCDPSession(page);
  for (const key of text) {
    for (const type of ['keyDown', 'keyUp']) await cdp.send('Input.dispatchKeyEvent', { type, key, text: type === 'keyDown' ? key : undefined });
  }
}

const [kind, ...rest] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
const complaints = [];
page.on('pageerror', error => complaints.push(String(error)));
page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
let server;
if (kind === 'ours') {
  await page.goto(rest[0]);
} else {
  const [base, id, directory, own] = rest;
  server = await serve(directory, Number(own));
  const { hostname, port } = new URL(base);
  const query = new URLSearchParams({ host: hostname, port, path: `v1/sessions/${id}/vnc`, scale: 'true' });
  await page.goto(`http://127.0.0.1:${own}/vnc_lite.html?${query}`);
}
await shows(page, { 100: [0, 0xc0, 0], 700: [0xc0, 0, 0] });
await click(page, 100, 300);
await type(page, 'Grüße, 1 €');
if (kind === 'ours') {
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('#status').textContent === 'you drive');
  await page.getByRole('button', { name: 'Clipboard' }).click();
  await page.getByLabel(/What is here/).fill('pasted');
  await page.getByLabel('Keys').selectOption('Ctrl+V');
  // Looked at only, nothing more comes through.
  await page.waitForTimeout(300);
  await page.getByRole('button', { name: 'View only' }).click();
  await click(page, 100, 300);
  await page.keyboard.press('x');
  await page.waitForTimeout(300);
}
assert.deepEqual(complaints, []);
await browser.close();
server?.close();
