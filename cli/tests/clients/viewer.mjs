// The viewer of `rookery-bench view`: a browser, by the path in the argument, that says what is to be seen on the canvas of
// its page, and when. Each line on stdin is a JSON object with `act` and what that needs; each is answered with a line: what
// was measured, in milliseconds, or `error`.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

// As large as the session's page and the bars round it, so that no picture is scaled.
const viewport = { width: 1280, height: 900 };
const LATEST = 20_000;

// Runs in each page before its scripts. A picture is what is drawn onto a canvas that is part of the page.
function look() {
  const probe = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const { drawImage } = CanvasRenderingContext2D.prototype;
  let canvas;
  let isNew = false;
  // The page of the session is green until it is clicked, and magenta, and green again.
  const isGreen = () => {
    if (!canvas?.width || !canvas.height) return undefined;
    probe.drawImage(canvas, canvas.width >> 1, canvas.height >> 1, 1, 1, 0, 0, 1, 1);
    const [red, green] = probe.getImageData(0, 0, 1, 1).data;
    if (Math.abs(red - green) < 64) return undefined;
    return green > red;
  };
  const bench = (globalThis.bench = { first: undefined, change: undefined });
  CanvasRenderingContext2D.prototype.drawImage = function (...what) {
    drawImage.apply(this, what);
    if (!this.canvas.isConnected) return;
    canvas = this.canvas;
    isNew = true;
    if (bench.first === undefined && isGreen()) bench.first = Date.now();
  };
  // From the press of a button to the first frame of this screen that has another colour.
  bench.arm = () => {
    const before = isGreen();
    bench.change = new Promise(done => {
      const press = ({ timeStamp }) => {
        const sample = () => {
          const now = isGreen();
          if (now !== undefined && now !== before) done(performance.now() - timeStamp);
          else requestAnimationFrame(sample);
        };
        requestAnimationFrame(sample);
      };
      addEventListener('pointerdown', press, { capture: true, once: true });
    });
  };
  // Pictures that this screen could show: two within one frame of it count as one.
  bench.count = async (runUp, round) => {
    await new Promise(done => setTimeout(done, runUp));
    const began = performance.now();
    let pictures = 0;
    isNew = false;
    return new Promise(done => {
      const frame = () => {
        if (isNew) pictures += 1;
        isNew = false;
        const time = performance.now() - began;
        if (time < round) requestAnimationFrame(frame);
        else done({ pictures, time });
      };
      requestAnimationFrame(frame);
    });
  };
}

// What draws the pictures of a bare relay: 8 bytes and a JPEG each, one decoded at a time, the newest waiting.
function draw(url) {
  document.body.replaceChildren(Object.assign(document.createElement('canvas'), { width: 1280, height: 720 }));
  document.body.style.margin = 0;
  const context = document.querySelector('canvas').getContext('2d', { alpha: false });
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  let next;
  let isBusy = false;
  socket.onmessage = async ({ data }) => {
    next = data;
    if (isBusy) return;
    isBusy = true;
    while (next) {
      const jpeg = new Uint8Array(next, 8);
      next = undefined;
      const picture = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
      context.drawImage(picture, 0, 0);
      picture.close();
    }
    isBusy = false;
  };
}

const browser = await chromium.launch({ executablePath: process.argv[2] });
let page;

// In a context of its own: nothing comes from a cache.
async function blank() {
  const context = await browser.newContext({ viewport });
  context.setDefaultTimeout(LATEST);
  await context.addInitScript(look);
  page = await context.newPage();
}

const acts = {
  // Opens a page of the fleet; until the session's picture was on its canvas.
  async open({ url }) {
    await blank();
    const began = Date.now();
    await page.goto(url, { waitUntil: 'commit' });
    const first = await page.waitForFunction(() => globalThis.bench.first);
    return { first: (await first.jsonValue()) - began };
  },
  // The same for a page whose session shows anything.
  async watch({ url }) {
    await blank();
    await page.goto(url);
    return {};
  },
  // Shows what a bare relay sends, on a page of its own machine.
  async relay({ url, socket }) {
    await blank();
    await page.goto(url);
    await page.evaluate(draw, socket);
    return {};
  },
  async drive() {
    await page.evaluate(() => document.querySelector('rookery-view').takeControl());
    const { x, y, width, height } = await page.locator('canvas').boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    return {};
  },
  async click() {
    await page.evaluate(() => globalThis.bench.arm());
    await page.mouse.down();
    const late = new Promise((_, fail) => setTimeout(fail, LATEST, new Error('a click changed nothing')).unref());
    const change = await Promise.race([page.evaluate(() => globalThis.bench.change), late]);
    await page.mouse.up();
    return { change };
  },
  count: ({ run_up, round }) => page.evaluate(times => globalThis.bench.count(...times), [run_up, round]),
  async close() {
    await page.context().close();
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { act, ...what } = JSON.parse(line);
  const answer = await acts[act](what).catch(error => ({ error: String(error.stack ?? error.message ?? error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
