// What people do with Playwright over CDP. The argument is the URL to connect to.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { run, site } from './site.mjs';

const { url, close } = await site();
const browser = await chromium.connectOverCDP(process.argv[2]);
const own = await browser.newContext({ viewport: { width: 900, height: 500 } });
const page = await own.newPage();

await run({
  'the default context has a page': async () => {
    const [context] = browser.contexts();
    const [first] = context.pages();
    assert.ok(first, 'a page to begin with');
    assert.match(browser.version(), /^\d+\./);
  },
  'a context of its own': async () => {
    await page.goto(url('/'));
    assert.equal(await page.title(), 'home');
    assert.deepEqual(await page.evaluate(() => [innerWidth, innerHeight]), [900, 500]);
    await page.getByRole('button').click();
    assert.equal(await page.getByRole('button').textContent(), 'clicked');
    await page.getByRole('link').click();
    await page.waitForURL('**/two');
  },
  'several pages at once': async () => {
    const pages = await Promise.all([1, 2, 3].map(() => own.newPage()));
    const titles = await Promise.all(pages.map(async p => (await p.goto(url('/two')), p.title())));
    assert.deepEqual(titles, ['two', 'two', 'two']);
    await Promise.all(pages.map(p => p.close()));
    assert.equal(own.pages().length, 1);
  },
  'popups and init scripts': async () => {
    await own.addInitScript(() => { window.installed = 'yes'; });
    await page.goto(url('/popup'));
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button').click()]);
    await popup.waitForLoadState();
    assert.equal(await popup.title(), 'two');
    assert.equal(await popup.evaluate('window.installed'), 'yes');
    await popup.close();
  },
  'frames in this process and in another': async () => {
    await page.goto(url('/frames'));
    assert.equal(await page.frame('same').textContent('h1'), 'two');
    assert.equal(await page.frame('other').textContent('h1'), 'home');
    await page.frameLocator('[name=other]').getByRole('button').click();
    assert.equal(await page.frame('other').textContent('button'), 'clicked');
  },
  'workers': async () => {
    const [worker] = await Promise.all([page.waitForEvent('worker'), page.goto(url('/worker'))]);
    await page.waitForFunction(() => document.title === 'worker 21');
    assert.equal(await worker.evaluate('1 + 1'), 2);
  },
  'service workers': async () => {
    await page.goto(url('/service'));
    await page.waitForFunction(() => document.title === 'ready');
  },
  'interception, requests and responses': async () => {
    await page.route('**/data', route => route.fulfill({ json: { said: 'from the client' } }));
    await page.goto(url('/api'));
    await page.waitForFunction(() => document.title === 'from the client');
    await page.unroute('**/data');
    await page.route('**/data', route => route.continue({ method: 'POST', postData: 'sent' }));
    const [response] = await Promise.all([page.waitForResponse('**/data'), page.goto(url('/api'))]);
    const said = await response.json();
    assert.deepEqual([said.method, said.body], ['POST', 'sent']);
    await page.unroute('**/data');
    await page.route('**/two', route => route.abort());
    await assert.rejects(page.goto(url('/two')), /ERR_FAILED/);
    await page.unroute('**/two');
  },
  'cookies': async () => {
    const cookies = await own.cookies(url('/'));
    assert.ok(cookies.some(c => c.name === 'seen' && c.value === 'yes'), JSON.stringify(cookies));
    await own.addCookies([{ name: 'mine', value: '1', url: url('/') }]);
    await page.goto(url('/'));
    assert.match(await page.evaluate('document.cookie'), /mine=1/);
    const [shared] = browser.contexts();
    assert.deepEqual((await shared.cookies(url('/'))).filter(c => c.name === 'mine'), []);
    await own.clearCookies();
  },
  'pictures and PDF': async () => {
    const png = await page.screenshot();
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
    const pdf = await page.pdf();
    assert.equal(pdf.subarray(0, 4).toString(), '%PDF');
  },
  'coverage': async () => {
    await page.coverage.startJSCoverage();
    await page.goto(url('/covered'));
    const entries = await page.coverage.stopJSCoverage();
    const covered = entries.find(e => e.url.endsWith('/covered.js'));
    const counts = Object.fromEntries(covered.functions.map(f => [f.functionName, f.ranges[0].count]));
    assert.deepEqual([counts.used, counts.unused], [1, 0]);
  },
  'tracing': async () => {
    await own.tracing.start({ screenshots: true, snapshots: true });
    await page.goto(url('/'));
    await own.tracing.stop();
  },
  'dialogs': async () => {
    await page.goto(url('/dialog'));
    page.once('dialog', dialog => dialog.accept());
    await page.getByRole('button').click();
    await page.waitForFunction(() => document.title === 'true');
  },
  'uploads carry their contents': async () => {
    await page.goto(url('/upload'));
    await page.setInputFiles('input', { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('inside') });
    await page.waitForFunction(() => document.title === 'a.txt:inside');
  },
  'a file chooser is the client\'s': async () => {
    await page.goto(url('/upload'));
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('input')]);
    await chooser.setFiles({ name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('chosen') });
    await page.waitForFunction(() => document.title === 'b.txt:chosen');
  },
  'downloads are told of': async () => {
    await page.goto(url('/download'));
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#d')]);
    assert.equal(download.suggestedFilename(), 'report.txt');
    assert.equal(await download.failure(), null);
  },
  'CDP of a page and of the browser': async () => {
    const cdp = await own.newCDPSession(page);
    const { result } = await cdp.send('Runtime.evaluate', { expression: '"a\\ud83d\\ude00".length' });
    assert.equal(result.value, 3);
    await cdp.detach();
    const root = await browser.newBrowserCDPSession();
    const { product } = await root.send('Browser.getVersion');
    assert.match(product, /Chrome/);
    await assert.rejects(root.send('SystemInfo.getInfo'), /not offered/);
    await root.detach();
  },
  'what is not allowed': async () => {
    await assert.rejects(page.goto('file:///etc/hostname'), /not allowed/);
    await assert.rejects(page.goto('chrome://version'), /not allowed/);
    assert.ok((await page.goto(url('/'))).ok());
  },
  'a large message each way': async () => {
    const text = 'ä'.repeat(3 << 20);
    assert.equal(await page.evaluate(t => t.length, text), text.length);
    assert.equal((await page.evaluate(() => 'x'.repeat(20 << 20))).length, 20 << 20);
  },
  'the end': async () => {
    await own.close();
    assert.equal(browser.contexts().length, 1);
    await browser.close();
    assert.equal(browser.isConnected(), false);
  },
});
close();
