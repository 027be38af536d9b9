// The console's page of one session. The argument is the address of a fleet with room for two.
import assert from 'node:assert/strict';
import { api, until, viewer } from './console-browser.mjs';
import { run } from './site.mjs';

const base = process.argv[2];
const call = api(base);
const { open, close } = await viewer(base);
const { id } = await call('POST', '/v1/sessions', { name: 'watched', url: `${base}/demo`, labels: { team: 'search' } });
// The live view has tests of its own; here it may be there or not.
const page = await open(`/sessions/${id}`, {}, p => p.route('**/view.js', route => route.fulfill({ status: 404 })));
const command = page.getByRole('textbox', { name: 'Command' });
const timeline = page.getByRole('log', { name: 'Timeline' });
const panel = name => page.getByRole('tab', { name }).click();
const send = async text => {
  await command.fill(text);
  await command.press('Enter');
  // One at a time: what is sent meanwhile stays in the box.
  await page.getByText('running', { exact: true }).waitFor({ state: 'detached' });
};

await run({
  'a deep link shows the session and all that has happened': async () => {
    await page.getByRole('heading', { name: 'watched' }).waitFor();
    for (const text of ['Created', 'In the queue', 'Ready', 'Tab 1 opened']) await timeline.getByText(text, { exact: true }).waitFor();
  },
  'without a live view it says so, and the rest works': async () => {
    await page.getByRole('heading', { name: 'No live view' }).waitFor();
  },
  'what others do shows up with how long it took': async () => {
    await call('POST', `/v1/sessions/${id}/commands`, { action: 'click', target: { text: 'Add item' } });
    await timeline.getByText('click', { exact: true }).waitFor();
    assert.match(await timeline.textContent(), /click\d+(\.\d)? m?s/);
    await fetch(`${base}/v1/sessions/${id}/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'hover', target: { text: 'no such thing' }, timeout_ms: 200 }),
    });
    await timeline.getByText('timeout', { exact: true }).waitFor();
  },
  'commands are completed, run and remembered': async () => {
    await page.keyboard.press('c');
    await page.keyboard.type('eva');
    await page.getByRole('option', { name: /evaluate/ }).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await command.inputValue(), 'evaluate ');
    await page.keyboard.type('6 * 7');
    await page.keyboard.press('Enter');
    const result = page.getByRole('region', { name: 'Run a command' });
    await result.getByText(/"value": 42/).waitFor();
    await page.keyboard.press('ArrowUp');
    assert.equal(await command.inputValue(), 'evaluate 6 * 7');
  },
  'what is wrong is said before and after it was sent': async () => {
    await send('clikc Save');
    await page.getByText('there is no action “clikc”').waitFor();
    await send('click {"target": {"selector": "button"}}');
    await page.getByRole('alert').getByText(/matches \d+ elements/).waitFor();
    assert.match(await page.getByRole('alert').textContent(), /invalid_argument · request \w+/);
  },
  'pictures are taken and kept': async () => {
    await page.getByRole('button', { name: 'Take a picture' }).click();
    await panel('Pictures');
    const picture = page.getByRole('img', { name: /^The page at/ });
    await until('a picture', () => picture.evaluate(image => image.naturalWidth === 1280 || image.naturalWidth));
    await send('screenshot');
    await until('two pictures', async () => (await picture.count()) === 2 || (await picture.count()));
  },
  'the console of the page is heard': async () => {
    await panel('Console');
    await page.getByRole('heading', { name: 'The console is quiet' }).waitFor();
    await send('evaluate console.error("it broke")');
    await page.getByRole('log', { name: 'Console' }).getByText('it broke').waitFor();
    assert.match(page.url(), /panel=console/);
  },
  'requests show with their answers': async () => {
    await panel('Network');
    // Requests are told of while somebody watches.
    const wall = await open('/sessions?view=wall');
    const picture = wall.getByRole('img', { name: 'The page of watched' });
    await until('a watcher', () => picture.evaluate(canvas => canvas.width !== 300));
    await send(`navigate ${base}/demo/second.html`);
    const network = page.getByRole('log', { name: 'Network' });
    await until('the page', async () => /200second\.html/.test((await network.textContent()) ?? ''));
    await wall.context().close();
  },
  'tabs are shown, switched and closed': async () => {
    await panel('Details');
    await send(`new_tab ${base}/demo`);
    await page.getByRole('button', { name: 'Close tab 2' }).waitFor();
    await until('the second is active', async () => (await call('GET', `/v1/sessions/${id}/tabs`)).tabs[1]?.active === true);
    await page.getByTitle('Make it the active tab').click();
    await until('the first is active', async () => (await call('GET', `/v1/sessions/${id}/tabs`)).tabs[0].active === true);
    await page.getByRole('button', { name: 'Close tab 2' }).click();
    await page.getByRole('button', { name: 'Close tab 2' }).waitFor({ state: 'detached' });
    assert.equal((await call('GET', `/v1/sessions/${id}/tabs`)).tabs.length, 1);
  },
  'downloads are offered, uploads staged': async () => {
    await panel('Files');
    await send(`navigate ${base}/demo`);
    await send('evaluate document.querySelector("a[download]").click()');
    const link = page.getByRole('link', { name: 'Save report.csv' });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.equal(download.suggestedFilename(), 'report.csv');
    await page.getByLabel('Files to stage').setInputFiles({ name: 'cat.txt', mimeType: 'text/plain', buffer: Buffer.from('meow') });
    await page.getByRole('button', { name: 'Delete cat.txt' }).waitFor();
    assert.deepEqual((await call('GET', `/v1/sessions/${id}/files/uploads`)).files, [{ name: 'cat.txt', size: 4 }]);
    await page.getByRole('button', { name: 'Delete cat.txt' }).click();
    await page.getByRole('button', { name: 'Delete cat.txt' }).waitFor({ state: 'detached' });
  },
  'who drives is seen at once': async () => {
    await panel('Timeline');
    await call('PUT', `/v1/sessions/${id}/control`, { action: 'take_control', holder: 'ann' });
    await page.getByText('ann drives').waitFor();
    await page.locator('header').getByText('ann', { exact: true }).waitFor();
    await call('PUT', `/v1/sessions/${id}/control`, { action: 'return_control', holder: 'ann', note: 'all done' });
    await page.getByText('“all done”').waitFor();
  },
  'a request that waits shows its place': async () => {
    await call('POST', '/v1/sessions', {});
    const answer = await fetch(`${base}/v1/sessions`, { method: 'POST', headers: { prefer: 'respond-async', 'content-type': 'application/json' }, body: '{"queue_timeout_s":30}' });
    const waiting = (await answer.json()).id;
    const other = await open(`/sessions/${waiting}`);
    await other.getByText(/Place 1 in the queue, for \d+ s; given up in \d+ s/).waitFor();
    await call('DELETE', `/v1/sessions/${waiting}`);
    await other.getByRole('heading', { name: /^This session has ended: (released|cancelled)/ }).waitFor();
    await other.context().close();
  },
  'a phone has all of it': async () => {
    const phone = await open(`/sessions/${id}`, { viewport: { width: 390, height: 844 }, hasTouch: true }, p => p.route('**/view.js', route => route.fulfill({ status: 404 })));
    await phone.getByRole('log', { name: 'Timeline' }).getByText('The agent drives').last().waitFor();
    assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth), 390);
    await phone.getByRole('button', { name: 'End' }).waitFor();
    await phone.context().close();
  },
  'the end under its viewer is told, and what was stays': async () => {
    await call('DELETE', `/v1/sessions/${id}`);
    await page.getByRole('heading', { name: 'This session has ended: released' }).waitFor();
    await timeline.getByText('Ended: released').waitFor();
    assert.equal(await command.count(), 0);
    await page.reload();
    await timeline.getByText('Ended: released').waitFor();
  },
  'one that never was is an error with the id of its request': async () => {
    await page.goto(`${base}/sessions/local_00000000000000000000000000000000`);
    assert.match(await page.getByRole('alert').textContent(), /not_found · request \w+/);
    await page.getByRole('link', { name: 'All sessions' }).first().click();
    await page.waitForURL('**/sessions');
  },
});
await close();
