// A long script behind a bridge, which says when it is under way: somebody kills the edge then.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { run, site } from './site.mjs';

const { url, close } = await site();
const browser = await chromium.connectOverCDP(process.argv[2]);
const context = await browser.newContext();
const page = await context.newPage();
const said = [];
page.on('console', message => said.push(message.text()));

await run({
  'each step is done once and in order': async () => {
    await page.goto(url('/'));
    await page.evaluate(() => { window.n = 0; });
    for (let step = 1; step <= 300; step++) {
      const n = await page.evaluate(text => (console.log(String(++window.n)), [window.n, text.length]), 'x'.repeat(50_000));
      assert.deepEqual(n, [step, 50_000]);
      if (step === 40) console.log('under way');
    }
  },
  'whoever is asked at the same time answers': async () => {
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const pages = await Promise.all([1, 2, 3].map(() => context.newPage()));
    await Promise.all(pages.map(p => p.goto(url('/two'))));
    assert.deepEqual(await Promise.all(numbers.map(n => pages[n % 3].evaluate(n => n, n))), numbers);
    await Promise.all(pages.map(p => p.close()));
  },
  'nothing that the page said is missing': async () => {
    await page.evaluate(() => console.log('last'));
    while (said.at(-1) !== 'last') await new Promise(done => setTimeout(done, 10));
    assert.deepEqual(said, [...Array.from({ length: 300 }, (_, n) => String(n + 1)), 'last']);
  },
  'the end': async () => {
    await browser.close();
  },
});
close();
