// What people do with k6's browser module. K6_BROWSER_WS_URL says where the browser is, SITE the page.
import { browser } from 'k6/browser';
import { check } from 'k6';

export const options = {
  scenarios: { ui: { executor: 'shared-iterations', vus: 1, iterations: 2, options: { browser: { type: 'chromium' } } } },
  thresholds: { checks: ['rate==1.0'] },
};

export default async function () {
  const page = await browser.newPage();
  try {
    await page.goto(`${__ENV.SITE}/`);
    await page.locator('button').click();
    const said = await page.locator('button').textContent();
    const sum = await page.evaluate(() => 6 * 7);
    const picture = await page.screenshot();
    check(null, {
      'the page was clicked': () => said === 'clicked',
      'scripts run': () => sum === 42,
      'there is a picture': () => picture.byteLength > 100,
    });
  } finally {
    await page.close();
  }
}
