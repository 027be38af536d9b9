// A person takes over from a Playwright script and from an agent's command, which wait and go on. The argument is the
// URL of the edge.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { run } from './site.mjs';
import { api, goTo, launch, open, site } from './view-site.mjs';

const base = process.argv[2];
const agent = api(base);
const pages = await site();
const viewers = await launch();
const { id } = await agent.session();
const script = await chromium.connectOverCDP(`${base.replace('http', 'ws')}/v1/sessions/${id}/cdp`);
const page = script.contexts()[0].pages()[0];
const viewer = await open(viewers, `${base}/view/${id}`);

const clicks = told => told.filter(one => one.type === 'click').map(one => one.clientX);
const settled = promise => Promise.race([promise.then(() => true), new Promise(done => setTimeout(done, 1_500, false))]);

await run({
  'what a script and an agent do waits while a person drives, and goes on': async () => {
    await goTo(agent, pages, id, '/surface');
    await viewer.picture();
    await page.mouse.click(100, 100);
    await pages.heard('the click of the script', told => clicks(told).includes(100));
    await viewer.take();
    const ofScript = page.mouse.click(200, 200);
    const ofAgent = agent.run(id, 'click', { target: { x: 300, y: 300 }, timeout_ms: 25_000 });
    assert.equal(await settled(Promise.race([ofScript, ofAgent])), false, 'neither is done');
    await viewer.page.mouse.click(...(await viewer.point(400, 400)));
    const seen = await pages.heard('the click of the person', told => clicks(told).some(x => Math.abs(x - 400) < 2));
    assert.equal(seen.filter(one => one.type === 'click').length, 2, 'and of nobody else');
    await viewer.button('Hand back').click();
    await viewer.page.getByRole('dialog').getByRole('button', { name: 'Hand back' }).click();
    await Promise.all([ofScript, ofAgent]);
    await pages.heard('both', told => clicks(told).includes(200) && clicks(told).includes(300));
    assert.equal(await page.title(), 'surface');
  },
  'a script that a person pauses goes on when they resume': async () => {
    await viewer.button('Pause').click();
    await viewer.says('Paused: nobody drives');
    const ofScript = page.mouse.click(250, 250);
    assert.equal(await settled(ofScript), false);
    await viewer.button('Resume').click();
    await ofScript;
    await pages.heard('it', told => clicks(told).includes(250));
  },
});
await viewer.close();
await viewers.close();
await script.close();
pages.close();
process.exit(0);
