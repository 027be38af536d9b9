// A client that stays until it is killed. Playwright lets a popup run only when it has prepared it.
import { chromium } from 'playwright-core';

const browser = await chromium.connectOverCDP(process.argv[2]);
console.log('there');
await new Promise(done => browser.once('disconnected', done));
