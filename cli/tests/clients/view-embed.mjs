// `<rookery-view>` in a page of another origin, under a strict policy. The arguments are the URL of the edge, and an origin
// that it allows; its page is made up here.
import assert from 'node:assert/strict';
import { run } from './site.mjs';
import { api, launch, open } from './view-site.mjs';

const [base, origin] = process.argv.slice(2);
const agent = api(base);
const browser = await launch();
const { id } = await agent.session({ url: `${base}/demo` });
const policy = `default-src 'none'; script-src ${base}; connect-src ${base} ${base.replace('http', 'ws')}; style-src 'none'`;

// The page of a product, with nothing but the element.
const product = view => async page => {
  // The edge of this test is on loopback, which a browser lets pages of the network reach only if it was asked.
  await page.context().grantPermissions(['local-network-access'], { origin });
  await page.route(`${origin}/**`, route =>
    route.fulfill({
      contentType: 'text/html',
      headers: { 'content-security-policy': policy },
      body: `<!doctype html><title>product</title><script type="module" src="${base}/view.js"></script>${view}`,
    }),
  );
};
const element = page => page.locator('rookery-view');

await run({
  'three lines embed it': async () => {
    const viewer = await open(browser, `${origin}/`, { prepare: product(`<rookery-view src="${base}/view/${id}" name="Ann" controls="bar" theme="dark"></rookery-view>`) });
    await viewer.picture();
    assert.equal(await viewer.page.getByLabel('Address').isVisible(), false);
    await element(viewer.page).evaluate(view => {
      window.heard = [];
      for (const type of ['rookery-control', 'rookery-state']) view.addEventListener(type, e => window.heard.push([type, e.detail]));
      return view.takeControl();
    });
    const { control } = await agent.shown(id);
    assert.deepEqual([control.mode, control.holder], ['user_control', 'Ann']);
    const shot = await element(viewer.page).evaluate(async view => {
      const picture = await view.screenshot();
      return [picture.type, picture.size > 1_000];
    });
    assert.deepEqual(shot, ['image/png', true]);
    await element(viewer.page).evaluate(view => view.handBack('done'));
    const after = (await agent.shown(id)).control;
    assert.deepEqual([after.mode, after.note], ['ai_control', 'done']);
    const heard = await viewer.page.evaluate('heard');
    assert.deepEqual(heard.filter(([type]) => type === 'rookery-control').map(([, { control }]) => control.mode).filter((mode, at, all) => mode !== all[at - 1]), ['user_control', 'ai_control']);
    await viewer.close();
  },
  'it shows another session, or none, as its attributes say': async () => {
    const viewer = await open(browser, `${origin}/`, { prepare: product(`<rookery-view session="${id}" edge="${base}" controls="none" readonly></rookery-view>`) });
    await viewer.picture();
    assert.equal(await viewer.page.getByText('The agent drives').isVisible(), false);
    await viewer.page.mouse.click(300, 300);
    await element(viewer.page).evaluate(view => view.setAttribute('session', 'local_00000000000000000000000000000000'));
    await viewer.says('There is no such session');
    await element(viewer.page).evaluate(view => view.remove());
    await viewer.context.close();
  },
});

await agent.end(id);
await browser.close();
