// How the console logs in where there are tokens. The argument is the address of a fleet whose token is `open-sesame`.
import assert from 'node:assert/strict';
import { until, viewer } from './console-browser.mjs';
import { run } from './site.mjs';

const base = process.argv[2];
const { open, close } = await viewer(base);
const page = await open('/fleet');

await run({
  'without a token there is only the way in': async () => {
    await page.getByRole('heading', { name: 'Log in to Rookery' }).waitFor();
    assert.match(page.url(), /\/login\?next=%2Ffleet/);
  },
  'a wrong token is refused with the id of the request': async () => {
    await page.getByLabel('Token').fill('abracadabra');
    await page.getByRole('button', { name: 'Log in' }).click();
    assert.match(await page.getByRole('alert').textContent(), /unauthenticated · request \w+/);
  },
  'the right one leads to where one wanted to go, and is kept from scripts': async () => {
    await page.getByLabel('Token').fill('open-sesame');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(`${base}/fleet`);
    await page.getByRole('meter', { name: /^Slots of/ }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    assert.equal(await page.evaluate(() => document.cookie), '');
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ['rookery', true, 'Strict']);
    assert.ok(!cookie.value.includes('open-sesame'));
  },
  'snippets have a place for the token': async () => {
    await page.getByRole('link', { name: 'Connect', exact: true }).click();
    await page.getByText('?token=TOKEN').waitFor();
  },
  'who leaves is out': async () => {
    await page.getByRole('button', { name: /^Logged in as/ }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in to Rookery' }).waitFor();
    assert.deepEqual(await page.context().cookies(), []);
    await page.goto(`${base}/sessions`);
    await page.getByRole('heading', { name: 'Log in to Rookery' }).waitFor();
  },
  'a token in the address is traded and gone': async () => {
    const other = await open('/sessions?token=open-sesame&q=x');
    await until('the address', () => other.url() === `${base}/sessions?q=x` || other.url());
    await other.getByRole('searchbox').waitFor();
    assert.equal((await other.context().cookies()).length, 1);
    await other.context().close();
  },
  'an address that leads away is not followed': async () => {
    await page.goto(`${base}/login?next=//example.com/`);
    await page.getByLabel('Token').fill('open-sesame');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(`${base}/sessions`);
  },
});
await close();
