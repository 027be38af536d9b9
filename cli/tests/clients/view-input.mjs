// What a person does in the live view reaches the page. The argument is the URL of the edge.
import assert from 'node:assert/strict';
import { run } from './site.mjs';
import { api, goTo, launch, open, site, until } from './view-site.mjs';

const agent = api(process.argv[2]);
const pages = await site();
const browser = await launch();
const session = await agent.session();
const { id } = session;
const of = type => told => told.filter(one => one.type === type);
const viewUrl = `${process.argv[2]}/view/${id}`;

// One viewer who drives, on a page of the site, and who hands back when they are done.
async function driving(path, act, options) {
  await goTo(agent, pages, id, path);
  const viewer = await open(browser, viewUrl, options);
  await viewer.picture();
  await viewer.take();
  await act(viewer);
  await viewer.page.evaluate(() => document.querySelector('rookery-view').handBack());
  await viewer.close();
}

await run({
  'nothing reaches the page before a person has control': async () => {
    await goTo(agent, pages, id, '/surface');
    const viewer = await open(browser, viewUrl);
    await viewer.picture();
    await viewer.page.mouse.click(...(await viewer.point(100, 100)));
    await viewer.page.getByText('Take control to click and type.').waitFor();
    await viewer.take();
    await viewer.page.mouse.click(...(await viewer.point(200, 200)));
    const told = await pages.heard('the second click', told => of('click')(told).length > 0);
    assert.deepEqual(of('click')(told).map(one => one.clientX), [200]);
    await viewer.page.evaluate(() => document.querySelector('rookery-view').handBack());
    await viewer.close();
  },
  'coordinates are exact at any size and pixel ratio': async () => {
    for (const [deviceScaleFactor, width, height, zoom] of [[1, 1200, 800, 1], [2, 700, 500, 1], [1.5, 1900, 1000, 1], [1, 1100, 900, 0.8]]) {
      await driving('/surface', async viewer => {
        await viewer.page.evaluate(zoom => (document.body.style.zoom = zoom), zoom);
        await viewer.page.waitForTimeout(100);
        for (const [x, y] of [[1, 1], [333, 77], [640, 360], [1260, 718]]) {
          pages.forget();
          await viewer.page.mouse.click(...(await viewer.point(x, y)));
          const told = await pages.heard(`a click at ${x}, ${y}, ${[deviceScaleFactor, width, height, zoom]}`, told => of('mouseup')(told).length > 0);
          const [down] = of('mousedown')(told);
          // A page is told whole pixels.
          assert.ok(Math.abs(down.clientX - x) <= 1 && Math.abs(down.clientY - y) <= 1, `${deviceScaleFactor} ${zoom} ${x},${y}: ${JSON.stringify(down)}`);
        }
      }, { deviceScaleFactor, viewport: { width, height } });
    }
  },
  'all buttons, double click and drag': () => driving('/surface', async ({ page, point }) => {
    await page.mouse.click(...(await point(50, 50)), { button: 'right' });
    await page.mouse.click(...(await point(150, 50)), { button: 'middle' });
    await page.mouse.dblclick(...(await point(250, 50)));
    let told = await pages.heard('a double click', told => of('dblclick')(told).length === 1);
    assert.ok(of('contextmenu')(told).length === 1, JSON.stringify(told));
    assert.deepEqual(of('mousedown')(told).map(one => [one.button, one.detail]), [[2, 1], [1, 1], [0, 1], [0, 2]]);
    pages.forget();
    await page.mouse.move(...(await point(100, 100)));
    await page.keyboard.down('Shift');
    await page.mouse.down();
    await page.mouse.move(...(await point(400, 300)), { steps: 8 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    told = await pages.heard('the end of a drag', told => of('mouseup')(told).length === 1);
    assert.ok(of('drag')(told).length >= 2 && of('drag')(told).every(one => one.buttons === 1), JSON.stringify(told));
    assert.ok(of('mousedown')(told)[0].shiftKey);
    assert.ok(Math.abs(of('mouseup')(told)[0].clientX - 400) <= 1);
  }),
  'the wheel scrolls': () => driving('/surface', async ({ page, point }) => {
    await page.mouse.move(...(await point(300, 300)));
    for (let i = 0; i < 5; i++) await page.mouse.wheel(0, 60);
    const told = await pages.heard('300 pixels', told => of('scroll')(told).at(-1)?.y === 300);
    assert.equal(of('wheel')(told).reduce((sum, one) => sum + one.deltaY, 0), 300);
  }),
  'keys, shortcuts and text': () => driving('/field', async ({ page }) => {
    await page.keyboard.type('Grüße 12');
    await pages.heard('typed text', told => of('input')(told).at(-1)?.value === 'Grüße 12');
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Enter');
    await page.keyboard.insertText('🐦‍⬛ 鴉');
    let told = await pages.heard('emoji', told => of('input')(told).at(-1)?.value === 'Grüße 1\n🐦‍⬛ 鴉');
    assert.deepEqual(of('keydown')(told).filter(one => one.key === 'ArrowLeft').map(one => [one.code, one.shiftKey]), [['ArrowLeft', true]]);
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Tab');
    told = await pages.heard('a tab', told => of('keyup')(told).some(one => one.key === 'Tab'));
    assert.ok(of('keydown')(told).some(one => one.key === 'a' && one.ctrlKey));
    const ups = of('keyup')(told).length;
    assert.equal(of('keydown')(told).length, ups, 'nothing stays pressed');
  }),
  'composition of an IME': () => driving('/field', async ({ page }) => {
    const ime = await page.context().newCDPSession(page);
    for (const text of ['n', 'に', 'にほ', 'にほん']) {
      await ime.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
    }
    await ime.send('Input.insertText', { text: '日本' });
    await pages.heard('what was committed', told => of('input')(told).at(-1)?.value === '日本');
    await page.keyboard.type('!');
    await pages.heard('what was typed after it', told => of('input')(told).at(-1)?.value === '日本!');
  }),
  'paste': () => driving('/field', async ({ page, button }) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.evaluate(() => navigator.clipboard.writeText('from the viewer’s clipboard: 値'));
    await page.keyboard.press('Control+v');
    await pages.heard('pasted text', told => of('input')(told).at(-1)?.value === 'from the viewer’s clipboard: 値');
    await page.context().clearPermissions();
    await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    await button('Paste text into the page').click();
    await page.getByLabel('Text', { exact: true }).fill(' and from a box');
    await button('Paste').click();
    await pages.heard('text of the box', told => of('input')(told).at(-1)?.value?.endsWith(' and from a box'));
  }),
  'Ctrl+Alt+Escape gives the keyboard back': () => driving('/field', async ({ page, button }) => {
    await page.keyboard.type('a');
    await pages.heard('a key', told => of('input')(told).length > 0);
    await page.keyboard.press('Control+Alt+Escape');
    await page.getByText('You have left the page.').waitFor();
    await until('focus on a button', () => button('Hand back').evaluate(element => element.matches(':focus')));
    const told = await pages.heard('all to be let go', told => of('keyup')(told).length >= of('keydown')(told).length);
    assert.ok(!told.some(one => one.key === 'Escape'));
  }),
  'touch is touch': () => driving('/surface', async ({ page, point }) => {
    await page.touchscreen.tap(...(await point(200, 150)));
    const told = await pages.heard('a tap', told => of('touchend')(told).length === 1 && of('click')(told).length === 1);
    assert.ok(Math.abs(of('touchstart')(told)[0].x - 200) <= 1, JSON.stringify(told));
    assert.equal(of('mousedown')(told).length, 1, 'the one that follows a tap');
  }, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 }, deviceScaleFactor: 3 }),
});

await agent.end(id);
await browser.close();
pages.close();
