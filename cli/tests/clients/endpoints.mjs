// Connecting by HTTP, as people write it. Arguments: who connects, the URL, and what follows the URL in its headers.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { site } from './site.mjs';

const [, , who, endpoint, authorization] = process.argv;
const { url, close } = await site();
const headers = authorization ? { authorization } : {};
if (who === 'playwright') {
  const browser = await chromium.connectOverCDP(endpoint, { headers });
  const page = await browser.contexts()[0].newPage();
  await page.goto(url('/'));
  assert.equal(await page.title(), 'home');
  await browser.close();
} else {
  const browser = await puppeteer.connect({ browserURL: endpoint, headers, defaultViewport: null });
  const page = await browser.newPage();
  await page.goto(url('/'));
  assert.equal(await page.title(), 'home');
  await browser.disconnect();
}
await close();
