// A viewer whose edge goes away and comes back. The arguments are the URL of that edge, of another that stays, and the
// session. Says `watching` once it watches, and waits for the edge to have gone and returned.
import assert from 'node:assert/strict';
import { run } from './site.mjs';
import { api, launch, open, until } from './view-site.mjs';

const [base, other, id] = process.argv.slice(2);
const agent = api(other);
const browser = await launch();

await run({
  'the view is back within two seconds, and follows the page': async () => {
    const viewer = await open(browser, `${base}/view/${id}`, { tolerated: /WebSocket|Failed to load resource/ });
    await viewer.picture();
    await viewer.page.evaluate(() => {
      window.states = [];
      document.querySelector('rookery-view').addEventListener('rookery-state', e => window.states.push([Date.now(), e.detail.connection]));
    });
    console.log('watching');
    const was = () => viewer.page.evaluate('states');
    const lost = await until('the line to break', async () => (await was()).find(([, connection]) => connection === 'lost'));
    const back = await until('the view', async () => (await was()).find(([at, connection]) => connection === 'open' && at > lost[0]), async () => JSON.stringify(await was()));
    const up = await until('the edge', () => fetch(`${base}/healthz`).then(answer => answer.ok && Date.now(), () => false));
    assert.ok(back[0] - up < 2_000, `back ${back[0] - up} ms after the edge`);
    const painted = viewer.page.evaluate(() => new Promise(done => document.querySelector('rookery-view').addEventListener('rookery-frame', done, { once: true })));
    await agent.run(id, 'evaluate', { expression: 'document.body.style.background = "tomato"; 0' });
    await painted;
    await viewer.close();
  },
});

await browser.close();
