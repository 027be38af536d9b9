// What people do with Puppeteer. Arguments: the URL to connect to, the name of a staged file, and how to end:
// `close` or `disconnect`.
import assert from 'node:assert/strict';
import puppeteer from 'puppeteer-core';
import { run, site } from './site.mjs';

const [, , endpoint, staged, ending] = process.argv;
const { url, close } = await site();
const browser = await puppeteer.connect({ browserWSEndpoint: endpoint, defaultViewport: null });
const page = await browser.newPage();

await run({
  'the browser and its pages': async () => {
    assert.match(await browser.version(), /Chrome/);
    assert.ok((await browser.pages()).length >= 2);
  },
  'a page': async () => {
    const response = await page.goto(url('/'));
    assert.equal(response.status(), 200);
    assert.match(await response.text(), /home/);
    await page.click('button');
    assert.equal(await page.$eval('button', b => b.textContent), 'clicked');
    await Promise.all([page.waitForNavigation(), page.click('a')]);
    assert.equal(await page.title(), 'two');
  },
  'a context of its own': async () => {
    const context = await browser.createBrowserContext();
    const inside = await context.newPage();
    await inside.goto(url('/two'));
    await inside.setViewport({ width: 640, height: 480 });
    assert.equal(await inside.evaluate(() => innerWidth), 640);
    assert.ok(browser.browserContexts().includes(context));
    await context.close();
    assert.ok(!browser.browserContexts().includes(context));
  },
  'several pages at once': async () => {
    const pages = await Promise.all([1, 2, 3].map(() => browser.newPage()));
    await Promise.all(pages.map(p => p.goto(url('/two'))));
    assert.deepEqual(await Promise.all(pages.map(p => p.title())), ['two', 'two', 'two']);
    await Promise.all(pages.map(p => p.close()));
  },
  'init scripts': async () => {
    const { identifier } = await page.evaluateOnNewDocument(() => { window.installed = 'yes'; });
    await page.goto(url('/two'));
    assert.equal(await page.evaluate(() => window.installed), 'yes');
    await page.removeScriptToEvaluateOnNewDocument(identifier);
  },
  'popups': async () => {
    await page.goto(url('/popup'));
    const opened = new Promise(done => page.once('popup', done));
    await page.click('button');
    const popup = await opened;
    await popup.waitForSelector('h1');
    assert.equal(await popup.title(), 'two');
    await popup.close();
  },
  'frames': async () => {
    await page.goto(url('/frames'));
    const other = await page.waitForFrame(f => f.url().startsWith('http://localhost'));
    await other.waitForSelector('h1');
    assert.equal(await other.$eval('h1', h => h.textContent), 'home');
  },
  'workers': async () => {
    const created = new Promise(done => page.once('workercreated', done));
    await page.goto(url('/worker'));
    const worker = await created;
    await page.waitForFunction(() => document.title === 'worker 21');
    assert.equal(await worker.evaluate(() => 1 + 1), 2);
  },
  'service workers': async () => {
    const context = await browser.createBrowserContext();
    const inside = await context.newPage();
    const started = browser.waitForTarget(target => target.type() === 'service_worker' && target.url() === url('/service.js'));
    await inside.goto(url('/service'));
    const worker = await (await started).worker();
    assert.equal(await worker.evaluate(() => typeof self.registration), 'object');
    await context.close();
  },
  'request and response bodies': async () => {
    await page.goto(url('/'));
    const answered = page.waitForResponse(response => response.url().endsWith('/data'));
    await page.evaluate(() => fetch('/data', { method: 'POST', body: 'sent' }).then(r => r.text()));
    const response = await answered;
    assert.deepEqual([response.request().method(), response.request().postData()], ['POST', 'sent']);
    assert.equal((await response.json()).body, 'sent');
  },
  'downloads are told of': async () => {
    const cdp = await browser.target().createCDPSession();
    await cdp.send('Browser.setDownloadBehavior', { behavior: 'allowAndName', downloadPath: '/tmp', eventsEnabled: true });
    const began = new Promise(done => cdp.once('Browser.downloadWillBegin', done));
    const ended = new Promise(done => cdp.on('Browser.downloadProgress', event => event.state === 'completed' && done(event)));
    await page.goto(url('/download'));
    await page.click('#d');
    assert.equal((await began).suggestedFilename, 'report.txt');
    assert.equal((await ended).guid, (await began).guid);
    await cdp.detach();
  },
  'interception': async () => {
    await page.setRequestInterception(true);
    const answer = request => request.url().endsWith('/data')
      ? request.respond({ contentType: 'application/json', body: '{"said":"from the client"}' })
      : request.continue();
    page.on('request', answer);
    await page.goto(url('/api'));
    await page.waitForFunction(() => document.title === 'from the client');
    page.off('request', answer);
    await page.setRequestInterception(false);
  },
  'cookies, pictures and PDF': async () => {
    await page.goto(url('/'));
    await page.setCookie({ name: 'p', value: '2', url: url('/') });
    assert.ok((await page.cookies()).some(c => c.name === 'p'));
    assert.ok((await page.screenshot({ fullPage: true })).length > 1_000);
    assert.ok((await page.pdf()).length > 1_000);
  },
  'dialogs': async () => {
    await page.goto(url('/dialog'));
    // Another client that sees this page may have been faster: Playwright dismisses what it has no handler for.
    page.once('dialog', dialog => dialog.dismiss().catch(error => assert.match(error.message, /No dialog/)));
    await page.click('button');
    await page.waitForFunction(() => document.title === 'false');
  },
  'coverage': async () => {
    await page.coverage.startJSCoverage();
    await page.goto(url('/covered'));
    const entries = await page.coverage.stopJSCoverage();
    assert.ok(entries.some(e => e.url.endsWith('/covered.js')));
  },
  'tracing': async () => {
    await page.tracing.start({ categories: ['devtools.timeline'] });
    await page.goto(url('/'));
    assert.ok((await page.tracing.stop()).length > 100);
  },
  'uploads of staged files': async () => {
    await page.goto(url('/upload'));
    const input = await page.$('input');
    await assert.rejects(input.uploadFile('/somewhere/not-there.txt'), /staged|uploads|ENOENT|no such/i);
    const cdp = await page.createCDPSession();
    const { root } = await cdp.send('DOM.getDocument');
    const { nodeId } = await cdp.send('DOM.querySelector', { nodeId: root.nodeId, selector: 'input' });
    await assert.rejects(
      cdp.send('DOM.setFileInputFiles', { nodeId, files: ['/etc/hostname'] }), /files\/uploads/);
    await cdp.send('DOM.setFileInputFiles', { nodeId, files: [`/home/me/${staged}`] });
    await page.waitForFunction(name => document.title.startsWith(name), {}, `${staged}:`);
    await cdp.detach();
  },
  'the end': async () => {
    await page.close();
    if (ending === 'close') {
      await browser.close();
    } else {
      await browser.disconnect();
    }
  },
});
close();
