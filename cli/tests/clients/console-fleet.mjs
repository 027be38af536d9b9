// The console's pages of the fleet and of how to connect. The argument is the address of a fleet with one slot.
import assert from 'node:assert/strict';
import { api, until, viewer } from './console-browser.mjs';
import { run } from './site.mjs';

const base = process.argv[2];
const call = api(base);
const { open, close } = await viewer(base);
const page = await open('/fleet');

await run({
  'workers show their slots as they are taken': async () => {
    const slots = page.getByRole('meter', { name: /^Slots of/ });
    await slots.waitFor();
    assert.equal(await slots.getAttribute('aria-valuetext'), '0 of 1');
    await call('POST', '/v1/sessions', { name: 'holder' });
    await until('the slot', async () => (await slots.getAttribute('aria-valuetext')) === '1 of 1');
    assert.match(await page.getByRole('row').nth(1).textContent(), /headless-shell \d+/);
  },
  'what waits shows with how long': async () => {
    await page.getByText('Nothing waits').waitFor();
    const answer = await fetch(`${base}/v1/sessions`, { method: 'POST', headers: { prefer: 'respond-async', 'content-type': 'application/json' }, body: '{"priority":"high"}' });
    const { id } = await answer.json();
    await page.getByText('1 request', { exact: true }).waitFor();
    await page.getByText(/^1 high, \d/).waitFor();
    await call('DELETE', `/v1/sessions/${id}`);
    await page.getByText('Nothing waits').waitFor();
  },
  'charts are drawn from what the server counts': async () => {
    const { sessions } = await call('GET', '/v1/sessions?state=ready');
    for (let n = 0; n < 20; n += 1) await call('POST', `/v1/sessions/${sessions[0].id}/commands`, { action: 'evaluate', expression: '1' });
    const chart = name => page.getByRole('img', { name });
    await until('a rate', async () => {
      const said = await chart(/^Commands:/).getAttribute('aria-label');
      return /commands [1-9]/.test(said) || /commands 0\.[1-9]/.test(said) || said;
    });
    await until('latencies', async () => {
      const said = await chart(/^Until a command is answered:/).getAttribute('aria-label');
      return /p50 \d+(\.\d)? m?s, p95 \d+(\.\d)? m?s/.test(said) || said;
    });
    assert.ok((await chart(/^Commands:/).locator('path').count()) > 0);
  },
  'snippets name this server, and work': async () => {
    await page.getByRole('link', { name: 'Connect', exact: true }).click();
    const code = page.getByRole('region', { name: /^Example for/ });
    assert.match(await code.textContent(), new RegExp(`connectOverCDP\\('${base.replace('http', 'ws')}/cdp'\\)`));
    for (const name of ['Puppeteer', 'Python', 'curl', 'NATS']) {
      await page.getByRole('tab', { name }).click();
      assert.match(await code.textContent(), name === 'NATS' ? /rk\.work\.local\.default\.default/ : new RegExp(new URL(base).host));
    }
  },
  'a drain is confirmed first, and seen': async () => {
    await page.goto(`${base}/fleet`);
    await page.getByRole('button', { name: 'Drain…' }).click();
    const sure = page.getByRole('alertdialog', { name: 'Drain this worker?' });
    await sure.getByText('It has 1 session').waitFor();
    await sure.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await call('GET', '/v1/workers')).workers[0].draining, false);
    await page.getByRole('button', { name: 'Drain…' }).click();
    await sure.getByRole('spinbutton').fill('60');
    await sure.getByRole('button', { name: 'Drain worker' }).click();
    await page.getByRole('button', { name: 'Draining' }).waitFor();
    assert.equal((await call('GET', '/v1/workers')).workers[0].draining, true);
  },
});
await close();
