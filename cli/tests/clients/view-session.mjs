// Tabs, dialogs, downloads and control in the live view. The argument is the URL of the edge.
import assert from 'node:assert/strict';
import { run } from './site.mjs';
import { api, goTo, launch, open, site, until } from './view-site.mjs';

const base = process.argv[2];
const agent = api(base);
const pages = await site();
const browser = await launch();
const { id } = await agent.session();
const viewUrl = `${base}/view/${id}`;
const tab = name => page => page.getByRole('listitem').filter({ hasText: name });
const control = async () => (await agent.shown(id)).control;
const is = mode => until(mode, async () => (await control()).mode === mode, async () => JSON.stringify(await control()));

await run({
  'a picture at once, though the page is at rest': async () => {
    await goTo(agent, pages, id, '/surface');
    const first = await open(browser, viewUrl);
    await first.picture();
    const late = await open(browser, viewUrl);
    await late.picture();
    assert.equal(await late.canvas.evaluate(canvas => canvas.width > 100), true);
    await late.close();
    await first.close();
  },
  'what opens the session leaves the address bar, and is kept for a reload': async () => {
    const viewer = await open(browser, `${viewUrl}?embed=1&token=secret`);
    await viewer.picture();
    assert.equal(viewer.page.url(), `${viewUrl}?embed=1`);
    const [socket] = await Promise.all([viewer.page.waitForEvent('websocket'), viewer.page.reload()]);
    assert.equal(new URL(socket.url()).searchParams.get('token'), 'secret');
    await viewer.picture();
    await viewer.close();
  },
  'tabs, popups and titles': async () => {
    await goTo(agent, pages, id, '/popup');
    const viewer = await open(browser, viewUrl);
    await viewer.picture();
    const { page } = viewer;
    await tab('opener')(page).waitFor();
    await viewer.take();
    await page.mouse.click(...(await viewer.point(640, 360)));
    const second = tab('second')(page);
    await second.waitFor();
    await until('the view to follow the popup', () => second.getByRole('button', { name: 'second', exact: true }).evaluate(one => one.ariaCurrent === 'page'));
    await until('its address', async () => (await page.getByLabel('Address').inputValue()).endsWith('/second'));
    await tab('opener')(page).getByRole('button', { name: 'opener', exact: true }).click();
    await until('the first tab to be active', async () => (await agent.shown(id)).tabs[0].active);
    await second.getByRole('button', { name: 'Close second' }).click();
    await second.waitFor({ state: 'detached' });
    await viewer.button('New tab').click();
    await until('a new tab', async () => (await agent.shown(id)).tabs.some(one => one.active && one.url === 'about:blank'));
    await page.getByLabel('Address').fill(pages.url('/second'));
    await page.keyboard.press('Enter');
    await tab('second')(page).waitFor();
    await tab('second')(page).getByRole('button', { name: 'Close second' }).click();
    await until('one tab', async () => (await agent.shown(id)).tabs.length === 1);
    await page.evaluate(() => document.querySelector('rookery-view').handBack());
    await viewer.close();
  },
  'back, forward and reload': async () => {
    await goTo(agent, pages, id, '/second');
    await goTo(agent, pages, id, '/surface');
    const viewer = await open(browser, viewUrl);
    await viewer.picture();
    await viewer.take();
    const at = path => until(path, async () => (await agent.shown(id)).page.url === pages.url(path));
    await viewer.button('Back').click();
    await at('/second');
    await viewer.button('Forward').click();
    await at('/surface');
    pages.forget();
    await viewer.button('Reload').click();
    await pages.heard('the page again', told => told.some(one => one.type === 'loaded'));
    await viewer.page.evaluate(() => document.querySelector('rookery-view').handBack());
    await viewer.close();
  },
  'a prompt is shown and answered': async () => {
    await goTo(agent, pages, id, '/dialog');
    const viewer = await open(browser, viewUrl);
    await viewer.picture();
    await viewer.take();
    await viewer.page.mouse.click(...(await viewer.point(640, 360)));
    const dialog = viewer.page.getByRole('alertdialog');
    await dialog.getByText('Which bird?').waitFor();
    assert.equal(await dialog.getByRole('textbox').inputValue(), 'rook');
    await dialog.getByRole('textbox').fill('ミヤマガラス');
    await dialog.getByRole('button', { name: 'OK' }).click();
    await pages.heard('the answer', told => told.some(one => one.type === 'answer' && one.value === 'ミヤマガラス'));
    await dialog.waitFor({ state: 'detached' });
    await viewer.page.mouse.click(...(await viewer.point(640, 360)));
    await dialog.waitFor();
    await viewer.page.keyboard.press('Escape');
    await pages.heard('a dismissal', told => told.some(one => one.type === 'answer' && one.value === null));
    await viewer.page.evaluate(() => document.querySelector('rookery-view').handBack());
    await viewer.close();
  },
  'a download is offered': async () => {
    await goTo(agent, pages, id, '/download');
    const viewer = await open(browser, viewUrl);
    await viewer.picture();
    await viewer.take();
    await viewer.page.mouse.click(...(await viewer.point(640, 360)));
    await viewer.says('report.txt is downloaded.');
    await viewer.button('Show').click();
    const [download] = await Promise.all([
      viewer.page.waitForEvent('download'),
      viewer.page.getByRole('link', { name: 'report.txt' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'report.txt');
    await viewer.page.keyboard.press('Escape');
    await viewer.page.evaluate(() => document.querySelector('rookery-view').handBack());
    await viewer.close();
  },
  'who drives is said to everybody, and goes from hand to hand': async () => {
    const [ann, bob] = [await open(browser, viewUrl), await open(browser, viewUrl)];
    await ann.picture();
    await bob.picture();
    await bob.says('The agent drives');
    await ann.take();
    const { holder } = await control();
    await bob.says(`${holder} drives`);
    await bob.button('Request control').click();
    await ann.says(/asks for control/);
    await bob.button('Requested').waitFor();
    await ann.button('Grant').click();
    await bob.says('You drive');
    await ann.says(/^Guest .* drives$/);
    await bob.button('Hand back').click();
    await bob.page.getByRole('dialog').getByRole('textbox').fill('The form is filled in.');
    await bob.page.getByRole('dialog').getByRole('button', { name: 'Hand back' }).click();
    await is('ai_control');
    await ann.says('The form is filled in.');
    await ann.button('Pause').click();
    await bob.says('Paused: nobody drives');
    await bob.button('Resume').click();
    await is('ai_control');
    await ann.close();
    await bob.close();
  },
  'whoever drives goes on driving after a reload, or is told that they do not': async () => {
    const viewer = await open(browser, viewUrl);
    await viewer.picture();
    await viewer.take();
    const began = Date.now();
    await viewer.page.reload();
    await viewer.picture();
    assert.ok(Date.now() - began < 2_000, 'back within two seconds');
    const [drives, lost] = [viewer.page.getByText('You drive', { exact: true }), viewer.button('Take it again')];
    await drives.or(lost).first().waitFor();
    if (await lost.isVisible()) await lost.click();
    await drives.waitFor();
    await viewer.page.evaluate(() => document.querySelector('rookery-view').handBack());
    await viewer.close();
  },
  'a line that breaks is mended': async () => {
    const viewer = await open(browser, viewUrl, { tolerated: /ERR_INTERNET_DISCONNECTED|failed/ });
    await viewer.picture();
    await viewer.context.setOffline(true);
    await viewer.page.evaluate(() => document.querySelector('rookery-view').shadowRoot && true);
    await viewer.says('Connection lost');
    await viewer.context.setOffline(false);
    await viewer.says('Live');
    await viewer.close();
  },
  'frames come as the page moves': async () => {
    await goTo(agent, pages, id, '/animation');
    const viewer = await open(browser, viewUrl);
    await viewer.picture();
    const frames = await viewer.page.evaluate(
      () =>
        new Promise(done => {
          let n = 0;
          document.querySelector('rookery-view').addEventListener('rookery-frame', () => n++);
          setTimeout(() => done(n), 2_000);
        }),
    );
    assert.ok(frames >= 20, `${frames} frames in two seconds`);
    await viewer.close();
  },
  'the end of the session is told': async () => {
    const viewer = await open(browser, viewUrl);
    await viewer.picture();
    await viewer.page.evaluate(() => document.querySelector('rookery-view').addEventListener('rookery-ended', e => (window.ended = e.detail)));
    await agent.end(id);
    await viewer.says('The session has ended');
    assert.deepEqual(await viewer.page.evaluate('ended'), { reason: 'released' });
    await viewer.close();
    const late = await open(browser, viewUrl, { tolerated: /410|failed/ });
    await late.says('The session has ended');
    await late.close();
    const unknown = await open(browser, `${base}/view/${id.slice(0, -4)}0000`, { tolerated: /404|failed/ });
    await unknown.says('There is no such session');
    await unknown.says(/^Request [0-9a-f]{32}$/);
    await unknown.close();
  },
});

await browser.close();
pages.close();
