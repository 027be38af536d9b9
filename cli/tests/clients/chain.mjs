// Measures connect → newPage → goto → evaluate with the client that is named. Each line on stdin is a JSON object with
// `client`, `endpoint` and `page`; each is answered with a line: what the steps took in milliseconds, or `error`.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

const clients = {
  puppeteer: {
    connect: endpoint =>
      puppeteer.connect(
        endpoint.startsWith('http') ? { browserURL: endpoint } : { browserWSEndpoint: endpoint },
      ),
    leave: async (browser, page) => {
      await page?.close();
      await browser.disconnect();
    },
  },
  // Its newPage makes a context, which goes with the connection.
  playwright: { connect: endpoint => chromium.connectOverCDP(endpoint), leave: browser => browser.close() },
};

async function chain({ client, endpoint, page: url }) {
  const { connect, leave } = clients[client];
  const times = {};
  let began = performance.now();
  const lap = name => {
    const now = performance.now();
    times[name] = now - began;
    began = now;
  };
  const browser = await connect(endpoint);
  lap('connect');
  let page;
  try {
    page = await browser.newPage();
    lap('newPage');
    await page.goto(url);
    lap('goto');
    const title = await page.evaluate(() => document.title);
    lap('evaluate');
    times.title = title;
  } finally {
    // Not counted: what is left behind would fall on the next round.
    await leave(browser, page);
  }
  return times;
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await chain(JSON.parse(line)).catch(error => ({ error: String(error.stack ?? error.message ?? error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
