// A page that tells what reaches it, and a viewer in a browser of its own to look at it with.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const BROWSERS = ['chromium-headless-shell', 'chromium'].map(name => `/usr/bin/${name}`);

// Each event of the page is sent to the site, numbered, since they may overtake each other.
const telling = `
  let n = 0;
  const tell = data => fetch('/told', { method: 'POST', body: JSON.stringify({ n: n++, ...data }), keepalive: true });
  const pick = (e, ...names) => Object.fromEntries(names.map(name => [name, e[name]]));
  for (const type of ['mousedown', 'mouseup', 'dblclick', 'contextmenu', 'auxclick', 'click'])
    addEventListener(type, e => tell({ type, ...pick(e, 'clientX', 'clientY', 'button', 'buttons', 'detail', 'shiftKey', 'ctrlKey') }));
  addEventListener('mousemove', e => e.buttons && tell({ type: 'drag', ...pick(e, 'clientX', 'clientY', 'buttons') }));
  addEventListener('wheel', e => tell({ type: 'wheel', ...pick(e, 'deltaX', 'deltaY') }));
  addEventListener('contextmenu', e => e.preventDefault());
  for (const type of ['touchstart', 'touchmove', 'touchend'])
    addEventListener(type, e => tell({ type, touches: e.touches.length, x: e.changedTouches[0].clientX, y: e.changedTouches[0].clientY }));
  for (const type of ['keydown', 'keyup'])
    addEventListener(type, e => tell({ type, ...pick(e, 'key', 'code', 'ctrlKey', 'altKey', 'shiftKey', 'repeat') }));
  for (const type of ['input', 'paste'])
    addEventListener(type, e => tell({ type, value: e.target.value }), true);
  addEventListener('scroll', () => tell({ type: 'scroll', y: scrollY }));
  // Browsers drop input before the first picture of a page.
  addEventListener('load', () => requestAnimationFrame(() => requestAnimationFrame(() => tell({ type: 'loaded', path: location.pathname }))));`;

const pages = {
  '/surface': '<style>body{margin:0;height:3000px;cursor:crosshair}</style><title>surface</title>',
  '/field': '<title>field</title><style>textarea{position:fixed;inset:0;width:100%;height:100%;font-size:30px}</style><textarea autofocus></textarea>',
  '/popup': '<title>opener</title><style>button{position:fixed;inset:0;width:100%;height:100%}</style><button onclick="window.open(\'/second\')">open</button>',
  '/second': '<title>second</title><h1>second</h1>',
  '/dialog': '<title>dialog</title><style>button{position:fixed;inset:0;width:100%;height:100%}</style><button onclick="tell({ type: \'answer\', value: prompt(\'Which bird?\', \'rook\') })">ask</button>',
  '/download': '<title>download</title><style>a{position:fixed;inset:0;width:100%;height:100%}</style><a href="/file">get</a>',
  '/upload': '<title>upload</title><style>input{position:fixed;inset:0;width:100%;height:100%}</style><input type=file onchange="this.files[0].text().then(text => tell({ type: \'file\', name: this.files[0].name, text }))">',
  '/date': '<title>date</title><style>input{position:fixed;left:40px;top:40px;width:300px;height:60px;font-size:24px}</style><input type=date value="2026-12-01" onchange="tell({ type: \'change\', value: this.value })">',
  '/animation': '<title>animation</title><style>body{margin:0}div{height:100vh;animation:a 1s linear infinite}@keyframes a{from{background:#fff}to{background:#06c}}</style><div></div>',
};

export async function site() {
  let told = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    if (path === '/told') {
      let body = '';
      request.on('data', part => (body += part)).on('end', () => (told.push(JSON.parse(body)), response.end()));
    } else if (path === '/file') {
      response.setHeader('content-disposition', 'attachment; filename="report.txt"');
      response.end('the report');
    } else {
      response.statusCode = pages[path] ? 200 : 404;
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><meta name=viewport content="width=device-width"><body><script>${telling}</script>${pages[path] ?? ''}`);
    }
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  return {
    url: path => `http://127.0.0.1:${port}${path}`,
    forget: () => (told = []),
    // What the page has told, once it is as wanted.
    async heard(what, wanted) {
      const all = () => told.toSorted((a, b) => a.n - b.n);
      await until(what, () => wanted(all()), () => JSON.stringify(all().slice(-12)));
      return all();
    },
    close: () => (server.closeAllConnections(), server.close()),
  };
}

// Waits for a condition, and says what it saw last if it never holds.
export async function until(what, holds, last = () => '') {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > deadline) assert.fail(`waited for ${what}: ${await last()}`);
    await new Promise(done => setTimeout(done, 20));
  }
}

// The API of the edge, as an agent uses it.
export function api(base) {
  const call = async (method, path, body) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  };
  return {
    session: (fields = {}) => call('POST', '/v1/sessions', fields),
    shown: id => call('GET', `/v1/sessions/${id}`),
    run: (id, action, fields = {}) => call('POST', `/v1/sessions/${id}/commands`, { action, ...fields }),
    control: (id, action, fields = {}) => call('PUT', `/v1/sessions/${id}/control`, { action, ...fields }),
    link: (id, fields) => call('POST', `/v1/sessions/${id}/links`, fields),
    end: id => call('DELETE', `/v1/sessions/${id}`),
  };
}

export function launch() {
  const executablePath = BROWSERS.find(path => existsSync(path));
  assert.ok(executablePath, `the viewer needs one of ${BROWSERS.join(', ')}`);
  return chromium.launch({ executablePath });
}

// Opens the view of a session. What its page complains of fails the test, but for what `tolerated` matches.
export async function open(browser, url, { tolerated = /failed: Error during WebSocket handshake/, prepare, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  await prepare?.(page);
  const complaints = [];
  page.on('pageerror', error => complaints.push(error.stack));
  page.on('console', message => message.type() === 'error' && !tolerated.test(message.text()) && complaints.push(message.text()));
  await page.goto(url);
  return {
    page,
    context,
    view: page.locator('rookery-view'),
    canvas: page.locator('canvas'),
    button: name => page.getByRole('button', { name, exact: true }),
    says: text => page.getByText(text).first().waitFor(),
    picture: () => page.locator('canvas[data-ready]').waitFor(),
    async take() {
      await page.getByRole('button', { name: 'Take control', exact: true }).click();
      await page.getByText('You drive', { exact: true }).waitFor();
    },
    // A point of the page in the session, given in its CSS pixels, as one of the viewer's screen.
    async point(x, y, input = { width: 1280, height: 720 }) {
      const box = await page.locator('canvas').boundingBox();
      return [box.x + (x * box.width) / input.width, box.y + (y * box.height) / input.height];
    },
    async close() {
      assert.deepEqual(complaints, []);
      await context.close();
    },
  };
}

// Shows a page in the session before a person drives it.
export async function goTo(agent, pages, id, path) {
  pages.forget();
  await agent.run(id, 'navigate', { url: pages.url(path) });
  await pages.heard(`${path} to load`, told => told.some(one => one.type === 'loaded'));
  pages.forget();
}
