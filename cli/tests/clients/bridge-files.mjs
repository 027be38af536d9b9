// Files behind a bridge: what Playwright does with a browser on its own machine. The second argument is a directory.
import assert from 'node:assert/strict';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { chromium } from 'playwright-core';
import { run, site } from './site.mjs';

const SIZE = 200 << 20;
const { url, close } = await site();
const directory = process.argv[3];
const browser = await chromium.connectOverCDP(process.argv[2], { isLocal: true });
const context = await browser.newContext({ acceptDownloads: true });
const page = await context.newPage();

await run({
  'a download is saved here': async () => {
    await page.goto(url('/download'));
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#d')]);
    assert.equal(download.suggestedFilename(), 'report.txt');
    await download.saveAs(`${directory}/saved.txt`);
    assert.equal(readFileSync(`${directory}/saved.txt`, 'utf8'), 'the report');
    assert.equal(readFileSync(await download.path(), 'utf8'), 'the report');
  },
  'and a second one of the same name': async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#d')]);
    assert.equal(readFileSync(await download.path(), 'utf8'), 'the report');
  },
  'a large upload': async () => {
    const path = `${directory}/large.bin`;
    const file = createWriteStream(path);
    const part = Buffer.alloc(1 << 20, 'ä');
    for (let n = 0; n < SIZE / part.length - 1; n++) {
      if (!file.write(part)) await new Promise(done => file.once('drain', done));
    }
    part.write('the end', part.length - 7);
    file.end(part);
    await finished(file);
    await page.goto(url('/large'));
    await page.setInputFiles('input', path, { timeout: 60_000 });
    await page.waitForFunction(size => document.title === `large.bin:${size}:the end`, SIZE);
  },
  'a small one, and contents without a file': async () => {
    writeFileSync(`${directory}/small.txt`, 'inside');
    await page.goto(url('/upload'));
    await page.setInputFiles('input', `${directory}/small.txt`);
    await page.waitForFunction(() => document.title === 'small.txt:inside');
    await page.setInputFiles('input', { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('carried') });
    await page.waitForFunction(() => document.title === 'a.txt:carried');
  },
  'the end': async () => {
    await browser.close();
  },
});
close();
