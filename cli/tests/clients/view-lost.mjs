// The browser of a session is lost under its viewer. Arguments: the URL of the edge, and the id of the session. Says
// `watching` when it is time to kill the browser.
import assert from 'node:assert/strict';
import { run } from './site.mjs';
import { launch, open, until } from './view-site.mjs';

const [, , base, id] = process.argv;
const browser = await launch();
const states = `document.addEventListener('rookery-state', e => (globalThis.states ??= []).push(e.detail.state))`;
const viewer = await open(browser, `${base}/view/${id}`, { prepare: page => page.addInitScript(states) });
await viewer.picture();

await run({
  'it says that the session recovers, and shows it again': async () => {
    const seen = () => viewer.page.evaluate(() => globalThis.states);
    const before = await viewer.canvas.evaluate(canvas => canvas.toDataURL());
    console.log('watching');
    await until('a recovery', async () => (await seen()).includes('recovering'), async () => JSON.stringify(await seen()));
    await until('its end', async () => (await seen()).at(-1) === 'ready', async () => JSON.stringify(await seen()));
    // The same page, drawn by another browser.
    await until('a picture', async () => (await viewer.canvas.evaluate(canvas => canvas.toDataURL())) === before);
    assert.deepEqual((await seen()).slice(-2), ['recovering', 'ready']);
  },
});
await viewer.close();
await browser.close();
process.exit(0);
