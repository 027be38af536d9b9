// The view's half of what edge and view tell each other beside frames and events. The edge's half is put in by the test,
// between the two, so that each case comes when it shall. The argument is the URL of the edge.
import assert from 'node:assert/strict';
import { run } from './site.mjs';
import { api, launch, open, until } from './view-site.mjs';

const base = process.argv[2];
const agent = api(base);
const browser = await launch();
const { id } = await agent.session({ url: `${base}/demo` });
const now = new Date().toISOString();

// A viewer whose socket the test can speak on. `access` is what the edge grants; answers to choosers are the test's.
async function heard(access = 'full', options = {}) {
  const sent = [];
  let socket;
  const prepare = page =>
    page.routeWebSocket(/\/v1\/sessions\/.*\/ws/, route => {
      socket = route;
      const server = route.connectToServer();
      route.onMessage(text => {
        const message = JSON.parse(text);
        sent.push(message);
        if (message.type === 'chooser:answer') route.send(JSON.stringify({ type: 'result', id: message.id }));
        else if (message.type !== 'input') server.send(text);
      });
      server.onMessage(data => {
        const isHello = typeof data === 'string' && data.startsWith('{"type":"hello"');
        route.send(isHello ? JSON.stringify({ ...JSON.parse(data), conn: 'me', access }) : data);
      });
    });
  const viewer = await open(browser, `${base}/view/${id}`, { prepare, ...options });
  await viewer.picture();
  return {
    ...viewer,
    tell: message => socket.send(JSON.stringify(message)),
    event: (type, data) => socket.send(JSON.stringify({ type: 'event', event: { type, session: id, time: now, epoch: 1, data } })),
    sent: type => sent.filter(one => one.type === type),
    events: () => sent.filter(one => one.type === 'input').flatMap(one => one.events),
    async back() {
      await viewer.page.evaluate(() => document.querySelector('rookery-view').handBack());
      await viewer.close();
    },
  };
}

const chooser = fields => ({ type: 'chooser', chooser: { tab: 1, ...fields } });

await run({
  'who watches is named': async () => {
    const viewer = await heard();
    const one = (conn, name) => ({ conn, name, access: 'view', holds_control: false });
    viewer.tell({ type: 'viewers', viewers: [one('me', 'Me')] });
    await viewer.says('Only you watch');
    viewer.tell({ type: 'viewers', viewers: [one('me', 'Me'), one('a', 'Ann'), one('b', '<b>Bob</b>')], more: 2 });
    await viewer.says('Also here: Ann, <b>Bob</b> and 2 more');
    await viewer.close();
  },
  'the cursor has the shape that the page wants': async () => {
    const viewer = await heard();
    await viewer.take();
    const shape = () => viewer.page.locator('.surface').evaluate(surface => getComputedStyle(surface).cursor);
    viewer.tell({ type: 'cursor', cursor: 'pointer' });
    await until('a hand', async () => (await shape()) === 'pointer');
    viewer.tell({ type: 'cursor', cursor: 'url(http://elsewhere/x.png), auto' });
    await until('an arrow', async () => (await shape()) === 'default');
    await viewer.back();
  },
  'composition, copy, cut and paste are sent as such': async () => {
    const viewer = await heard('full', { permissions: ['clipboard-read', 'clipboard-write'] });
    await viewer.take();
    const ime = await viewer.context.newCDPSession(viewer.page);
    await ime.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
    await until('a composition', () => viewer.events().length > 0);
    await ime.send('Input.imeSetComposition', { text: '', selectionStart: 0, selectionEnd: 0 });
    await until('its end', () => viewer.events().at(-1)?.text === '');
    await viewer.page.keyboard.press('Control+c');
    await viewer.page.keyboard.press('Control+x');
    await viewer.page.evaluate(() => navigator.clipboard.writeText('値'));
    await viewer.page.keyboard.press('Control+v');
    await until('a paste', () => viewer.events().some(one => one.kind === 'paste'));
    const edits = viewer.events().filter(one => one.kind !== 'key');
    assert.deepEqual(edits[0], { kind: 'compose', text: 'にほ', from: 2, to: 2 });
    assert.deepEqual(edits.slice(-3), [{ kind: 'copy' }, { kind: 'cut' }, { kind: 'paste', text: '値' }]);
    assert.ok(viewer.events().filter(one => one.kind === 'key').every(one => one.key === 'Control'), 'no letter of a shortcut is typed');
    const numbers = viewer.sent('input').map(one => [one.n, one.events.length]);
    for (const [at, [n]] of numbers.entries()) assert.equal(n, at === 0 ? 0 : numbers[at - 1][0] + numbers[at - 1][1]);
    await viewer.back();
  },
  'what the page copies is in the clipboard, or in a box': async () => {
    const viewer = await heard('full', { permissions: ['clipboard-read', 'clipboard-write'] });
    await viewer.take();
    viewer.tell({ type: 'clipboard', text: 'copied in the page' });
    await until('the clipboard', () => viewer.page.evaluate(async () => (await navigator.clipboard.readText()) === 'copied in the page'));
    await viewer.page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    viewer.tell({ type: 'clipboard', text: 'more of it' });
    await viewer.button('Show').click();
    assert.equal(await viewer.page.getByLabel('Copied text').inputValue(), 'more of it');
    await viewer.page.keyboard.press('Escape');
    await viewer.back();
  },
  'a date is chosen with the viewer’s own picker': async () => {
    const viewer = await heard();
    await viewer.take();
    const rect = { x: 144, y: 255, width: 230, height: 38 };
    viewer.tell(chooser({ id: 'd', kind: 'date', value: '2026-12-01', min: '2026-11-01', max: '', step: '', rect }));
    const field = viewer.page.getByRole('dialog', { name: 'Choose a date' }).getByLabel('Choose a date');
    assert.equal(await field.inputValue(), '2026-12-01');
    const [left, top] = await viewer.point(rect.x, rect.y + rect.height);
    const box = await viewer.page.getByRole('dialog').boundingBox();
    assert.ok(Math.abs(box.x - left) < 2 && box.y > top && box.y < top + 8, `${JSON.stringify(box)}, ${left}, ${top}`);
    await field.fill('2026-10-24');
    await viewer.button('Set').click();
    assert.equal(viewer.sent('chooser:answer').length, 0, 'what is out of range is not sent');
    await field.fill('2026-12-24');
    await viewer.button('Set').click();
    await until('the answer', () => viewer.sent('chooser:answer').length === 1);
    const { id: _, ...answer } = viewer.sent('chooser:answer')[0];
    assert.deepEqual(answer, { type: 'chooser:answer', chooser: 'd', value: '2026-12-24' });
    await viewer.back();
  },
  'suggestions are chosen, and what is over goes away': async () => {
    const viewer = await heard();
    await viewer.take();
    const options = [{ value: 'rook', label: 'Corvus frugilegus' }, { value: 'raven' }];
    const suggestions = chooser({ id: 's', kind: 'datalist', value: '', options, rect: { x: 400, y: 300, width: 200, height: 30 } });
    viewer.tell(suggestions);
    await viewer.page.getByRole('button', { name: /raven/ }).waitFor();
    viewer.tell({ type: 'chooser', chooser: null, id: 's' });
    await viewer.page.getByRole('dialog').waitFor({ state: 'detached' });
    viewer.tell(suggestions);
    await viewer.page.getByRole('button', { name: /rook/ }).click();
    await until('the answer', () => viewer.sent('chooser:answer').at(-1)?.value === 'rook');
    viewer.tell(suggestions);
    await viewer.button('Cancel').click();
    await until('a cancel', () => viewer.sent('chooser:answer').at(-1)?.cancel === true);
    await viewer.back();
  },
  'files go from the viewer’s device to the session': async () => {
    const viewer = await heard();
    await viewer.take();
    viewer.tell(chooser({ id: 'f', kind: 'file', multiple: true, accept: ['.txt'], directory: false }));
    const files = ['a rook.txt', '烏.txt'].map(name => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`I am ${name}`) }));
    await viewer.page.getByLabel('Files to give to the page').setInputFiles(files);
    await until('the answer', () => viewer.sent('chooser:answer').length === 1);
    assert.deepEqual(viewer.sent('chooser:answer')[0].files, ['a rook.txt', '烏.txt']);
    const staged = await (await fetch(`${base}/v1/sessions/${id}/files/uploads`)).json();
    assert.deepEqual(staged.files.map(file => file.name).sort(), ['a rook.txt', '烏.txt']);
    await viewer.back();
  },
  'the agent’s wish and what happened meanwhile are told': async () => {
    const viewer = await heard();
    const { control } = await agent.shown(id);
    const handoff = { instructions: 'Please log in.', expires_at: now };
    viewer.event('session:control_changed', { ...control, handoff });
    await viewer.says('Please log in.');
    const changed = { navigations: [{ tab: 1, url: 'http://x/' }], fields: [{ tab: 1, label: 'Email', kind: 'email' }], seconds: 12 };
    viewer.event('session:control_changed', { ...control, changed });
    await viewer.says('Handed back. In 12 s: 1 page, 1 field (Email).');
    await viewer.page.getByText('Please log in.').waitFor({ state: 'hidden' });
    await viewer.close();
  },
  'whoever may only watch is offered nothing else': async () => {
    const viewer = await heard('view');
    await viewer.says('The agent drives');
    for (const name of ['Take control', 'Pause', 'Share a link', 'New tab']) assert.equal(await viewer.button(name).isVisible(), false, name);
    await viewer.page.mouse.click(...(await viewer.point(300, 300)));
    await viewer.page.keyboard.type('a');
    assert.deepEqual(viewer.sent('input'), []);
    const focused = () => viewer.view.evaluate(view => view.shadowRoot.activeElement?.localName);
    assert.equal(await focused(), 'textarea');
    await viewer.page.keyboard.press('Shift+Tab');
    assert.notEqual(await focused(), 'textarea', 'the keyboard is not caught');
    await viewer.close();
  },
  'a loss of the browser is told and passes': async () => {
    const viewer = await heard();
    viewer.event('session:recovering', { reason: 'worker_lost', worker: 'w' });
    await viewer.says('The worker was lost. The session goes on in another browser shortly.');
    viewer.event('session:recovered', {});
    await viewer.page.getByText('Recovering').first().waitFor({ state: 'hidden' });
    await viewer.close();
  },
});

await agent.end(id);
await browser.close();
