// Each page of the edge, looked at by axe-core, light and dark. Arguments: the base URL, and the id of a session.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { viewer } from './console-browser.mjs';
import { run } from './site.mjs';

const [, , base, id] = process.argv;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { open, close } = await viewer(base);

async function check(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(n => n.target.join(' ')).join(', ')}`);
  assert.deepEqual(found, [], what);
}

const seen = {
  '/sessions': page => page.getByRole('row').nth(1).waitFor(),
  [`/sessions/${id}`]: page => page.getByRole('button', { name: 'Take control' }).waitFor(),
  '/fleet': page => page.getByText('Queue').first().waitFor(),
  '/connect': page => page.getByRole('tab', { name: 'Playwright' }).waitFor(),
  '/login': page => page.waitForLoadState('networkidle'),
  [`/view/${id}`]: page => page.getByRole('button', { name: 'Take control' }).waitFor(),
  [`/vnc/${id}`]: page => page.locator('canvas').first().waitFor(),
};

await run(
  Object.fromEntries(
    ['light', 'dark'].flatMap(colorScheme =>
      Object.entries(seen).map(([path, ready]) => [
        `${path.replace(id, '{id}')}, ${colorScheme}`,
        async () => {
          const page = await open(path, { colorScheme });
          await ready(page);
          // What fades in has less contrast on its way.
          await page.waitForFunction(() => document.getAnimations().every(a => a.playState !== 'running' || a.effect?.getComputedTiming().iterations === Infinity));
          await check(page, path);
          await page.context().close();
        },
      ]),
    ),
  ),
);

await run({
  'a phone': async () => {
    const page = await open(`/view/${id}`, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    await seen[`/view/${id}`](page);
    await check(page, 'the view on a phone');
    await page.context().close();
  },
  'a person who drives': async () => {
    const page = await open(`/view/${id}`);
    await page.getByRole('button', { name: 'Take control' }).click();
    await page.getByRole('button', { name: 'Hand back' }).waitFor();
    await check(page, 'driving');
    await page.getByRole('button', { name: 'Hand back' }).click();
    await check(page, 'handing back');
    await page.context().close();
  },
});
await close();
process.exit(0);
