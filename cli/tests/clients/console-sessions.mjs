// The console's list of sessions. The argument is the address of a fleet with room for four and nothing in it.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { api, until, viewer } from './console-browser.mjs';
import { run } from './site.mjs';

const base = process.argv[2];
const call = api(base);
const { open, close } = await viewer(base);
const page = await open('/');
const row = name => page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
// In one look: with its last row the table goes.
const rows = () =>
  page.getByRole('table').evaluateAll(([table]) => (table ? Number(table.getAttribute('aria-rowcount')) - 1 : 0));
const made = {};
const make = async (name, more = {}) => (made[name] = (await call('POST', '/v1/sessions', { name, ...more })).id);

await run({
  'an empty fleet says what to do': async () => {
    await page.getByRole('heading', { name: 'No sessions yet' }).waitFor();
    assert.match(page.url(), /\/sessions$/);
    await page.getByRole('link', { name: 'Connect a program' }).waitFor();
  },
  'all that it loads is small': async () => {
    const files = await page.evaluate(() => performance.getEntriesByType('resource').map(e => e.name).filter(n => n.includes('/assets/')));
    assert.ok(files.length > 3, String(files));
    const bodies = await Promise.all([...files, base].map(async f => Buffer.from(await (await fetch(f)).arrayBuffer())));
    const size = bodies.reduce((sum, body) => sum + gzipSync(body).length, 0);
    assert.ok(size < 400_000, `${size} bytes compressed`);
  },
  'a session that a program makes shows up by itself': async () => {
    await make('first', { url: `${base}/demo`, labels: { team: 'search' } });
    await row('first').waitFor();
    await until('its state and page', async () => /Ready.*Rookery demo/.test((await row('first').textContent()) ?? ''));
    assert.match(await row('first').textContent(), /team:search/);
  },
  'where it goes and who drives it shows too': async () => {
    await call('POST', `/v1/sessions/${made.first}/commands`, { action: 'navigate', url: `${base}/demo/second.html` });
    await until('the page', async () => {
      const text = await row('first').textContent();
      return /second\.html/.test(text) || text;
    });
    await call('PUT', `/v1/sessions/${made.first}/control`, { action: 'pause' });
    await row('first').getByText('Paused').waitFor();
    await call('PUT', `/v1/sessions/${made.first}/control`, { action: 'resume' });
    await row('first').getByText('Agent').waitFor();
  },
  'search, state and order stand in the address': async () => {
    await make('second', { labels: { team: 'ads' } });
    await row('second').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('team:ads');
    await until('one row', async () => (await rows()) === 1 || (await rows()));
    await page.waitForURL(/q=team%3Aads/);
    await page.reload();
    await until('one row', async () => (await rows()) === 1 || (await rows()));
    await page.getByRole('searchbox').fill('no such thing');
    await page.getByRole('heading', { name: 'No session is like that' }).waitFor();
    await page.getByRole('button', { name: 'Show all sessions' }).click();
    await until('two rows', async () => (await rows()) === 2 || (await rows()));
    await page.getByRole('columnheader', { name: 'Session' }).getByRole('button').click();
    const names = () => page.getByRole('link', { name: /^(first|second)$/ }).allTextContents();
    assert.deepEqual(await names(), ['first', 'second']);
    await page.getByRole('columnheader', { name: 'Session' }).getByRole('button').click();
    await until('the other order', async () => (await names())[0] === 'second' || (await names()));
    await page.waitForURL(/sort=name/);
  },
  'the keyboard reaches all of it': async () => {
    await page.goto(`${base}/sessions`);
    await row('second').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await until('the first row', async () => (await focused()) === 'second' || (await focused()));
    await page.keyboard.press('x');
    await page.getByText('1 session selected').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await until('the row again', async () => (await focused()) === 'second' || (await focused()));
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/sessions/${made.second}`);
    await page.goBack();
  },
  'the form refuses at the field, before and after it was sent': async () => {
    await page.keyboard.press('n');
    const form = page.getByRole('dialog', { name: 'New session' });
    const group = name => form.locator('summary').filter({ hasText: name });
    await group('Lifetime').click();
    await form.getByLabel('Ends after so long idle').fill('0');
    await form.getByRole('button', { name: 'Create session' }).click();
    await form.getByText('at least 1').waitFor();
    await form.getByLabel('Ends after so long idle').fill('600');
    await group('Browser').click();
    await form.getByLabel('Switches').fill('--no-such-switch');
    await form.getByRole('button', { name: 'Create session' }).click();
    const wrong = form.locator('[aria-invalid=true]');
    await wrong.waitFor();
    assert.equal(await wrong.evaluate(e => e.labels[0].textContent), 'Switches');
    assert.match(await form.locator('[id$=-error]').textContent(), /no-such-switch/);
    await form.getByLabel('Switches').fill('');
    await form.getByLabel('Page to open').fill(`${base}/demo`);
    await form.getByLabel('Name', { exact: true }).fill('by hand');
    await form.getByLabel('Labels').fill('team: people');
    await group('Page and device').click();
    await form.getByLabel('Width').fill('800');
    await form.getByRole('button', { name: 'Create session' }).click();
    await page.waitForURL(/\/sessions\/local_/);
    const session = await call('GET', `/v1/sessions/${page.url().split('/').at(-1)}`);
    assert.deepEqual(
      [session.name, session.labels, session.viewport.width, session.viewport.height],
      ['by hand', { team: 'people' }, 800, 720],
    );
    await page.getByRole('heading', { name: 'by hand' }).waitFor();
  },
  'the wall shows what their pages show': async () => {
    await page.goto(`${base}/sessions?view=wall&q=by+hand`);
    const picture = page.getByRole('img', { name: 'The page of by hand' });
    await until('a picture that is not blank', () =>
      picture.evaluate(canvas => {
        if (canvas.width < 100 || canvas.width > 400) return `${canvas.width} wide`;
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size > 10 || 'blank';
      }),
    );
    await page.keyboard.press('w');
    await row('by hand').waitFor();
  },
  'an end is confirmed first': async () => {
    await page.goto(`${base}/sessions`);
    await row('first').getByRole('button', { name: 'End first' }).click();
    const sure = page.getByRole('alertdialog', { name: 'End this session?' });
    await sure.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await call('GET', `/v1/sessions/${made.first}`)).state, 'ready');
    await row('first').getByRole('button', { name: 'End first' }).click();
    await sure.getByRole('button', { name: 'End session' }).click();
    await row('first').waitFor({ state: 'detached' });
    assert.equal((await call('GET', `/v1/sessions/${made.first}`)).end_reason, 'released');
    await page.getByLabel('State').selectOption('ended');
    await row('first').getByText('Ended: released').waitFor();
  },
  'many are ended at once': async () => {
    await page.getByLabel('State').selectOption('live');
    await row('second').waitFor();
    await page.getByRole('checkbox', { name: 'Select all that are shown' }).check();
    await page.getByText('2 sessions selected').waitFor();
    await page.getByRole('region', { name: 'Selected sessions' }).getByRole('button', { name: 'End' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'End 2 sessions' }).click();
    await page.getByText('2 sessions ended').waitFor();
    await until('no rows', async () => (await rows()) === 0 || (await rows()));
    const { sessions } = await call('GET', '/v1/sessions?state=ready');
    assert.equal(sessions.length, 0);
  },
  'an error has the id of its request, and a way on': async () => {
    const problem = { title: 'Unavailable', status: 503, code: 'unavailable', detail: 'the bus is away', retryable: true, request_id: 'abc123' };
    const broken = await open('/login', {}, p => p.route('**/v1/sessions?*', route => route.fulfill({ status: 503, json: problem })));
    await broken.goto(`${base}/sessions`);
    const alert = broken.getByRole('alert');
    await alert.getByText('the bus is away').waitFor();
    assert.match(await alert.textContent(), /unavailable · request abc123/);
    await broken.unroute('**/v1/sessions?*');
    await alert.getByRole('button', { name: 'Try again' }).click();
    await alert.waitFor({ state: 'detached' });
    await broken.context().close();
  },
  'what is chosen stays: dark or light': async () => {
    await page.getByRole('button', { name: 'Appearance' }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).click();
    const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    assert.equal(await scheme(), 'dark');
    await page.reload();
    assert.equal(await scheme(), 'dark');
  },
});
await close();
