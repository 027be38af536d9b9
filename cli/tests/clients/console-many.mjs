// The console with thousands of sessions. The argument is the address of a fleet that simulates its browsers.
import assert from 'node:assert/strict';
import { api, until, viewer } from './console-browser.mjs';
import { run } from './site.mjs';

const base = process.argv[2];
const MANY = 2_000;
const call = api(base);
const { open, close } = await viewer(base);

// Each of so many workers makes one after another.
let next = 0;
const make = async () => {
  for (let n = next++; n < MANY; n = next++) {
    await call('POST', '/v1/sessions', { name: `number ${n}`, labels: { n: String(n) }, url: `https://example.com/${n}`, idle_timeout_s: 600 });
  }
};
await Promise.all(Array.from({ length: 16 }, make));
const page = await open('/sessions');
const table = page.getByRole('table', { name: 'Sessions' });
const count = async () => Number(await table.getAttribute('aria-rowcount')) - 1;

await run({
  'all are listed, and only those on the screen are in the document': async () => {
    await until('all of them', async () => (await count()) === MANY || (await count()));
    assert.ok((await page.getByRole('row').count()) < 60);
  },
  'it scrolls while others come and go': async () => {
    let over = false;
    const others = (async () => {
      for (let n = 0; !over; n += 1) await call('DELETE', `/v1/sessions/${(await call('POST', '/v1/sessions', { name: 'passing' })).id}`);
    })();
    const { frames, late } = await table.evaluate(async element => {
      let [frames, late, place] = [0, 0, 0];
      let last = performance.now();
      for (const end = last + 3_000; last < end; ) {
        element.scrollTop = (place += 100);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        if (now - last > 100) late += 1;
        frames += 1;
        last = now;
      }
      return { frames, late };
    });
    over = true;
    await others;
    // At 60 a second it would be 180; this leaves room for a machine that does something else besides.
    assert.ok(frames > 60 && late < frames / 10, `${frames} frames, ${late} of them late`);
  },
  'the last one is reached, and any is found': async () => {
    await table.evaluate(element => element.scrollTo(0, element.scrollHeight));
    await until('the last row', async () => (await page.locator(`[aria-rowindex="${(await count()) + 1}"]`).count()) === 1);
    await page.getByRole('searchbox').fill('n:1234');
    await page.getByRole('link', { name: 'number 1234' }).waitFor();
    await until('one row', async () => (await count()) === 1 || (await count()));
  },
});
await close();
