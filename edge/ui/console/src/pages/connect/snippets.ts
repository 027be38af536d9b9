// Programs that use this very server, ready to be pasted.

export interface Snippet {
  key: string;
  name: string;
  about: string;
  code: string;
}

export interface Place {
  origin: string;
  /** Whether the server asks for one. */
  tokens: boolean;
  tenant: string;
  region: string;
}

/** Text within single quotes of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The command that makes a session from this body. */
export function curl(origin: string, body: unknown): string {
  return `curl -s -X POST ${origin}/v1/sessions -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify(body))}`;
}

export function snippets(place: Place): Snippet[] {
  return [playwright(place), puppeteer(place), python(place), shell(place), nats(place)];
}

function cdp({ origin, tokens }: Place): string {
  return `${origin.replace(/^http/, "ws")}/cdp${tokens ? "?token=TOKEN" : ""}`;
}

function playwright(place: Place): Snippet {
  return {
    key: "playwright",
    name: "Playwright",
    about: "npm install playwright-core. The session ends when the browser is closed.",
    code: `import { chromium } from 'playwright-core';

const browser = await chromium.connectOverCDP('${cdp(place)}');
const page = browser.contexts()[0].pages()[0];
await page.goto('https://example.com');
console.log(await page.title());
await browser.close();`,
  };
}

function puppeteer(place: Place): Snippet {
  return {
    key: "puppeteer",
    name: "Puppeteer",
    about: "npm install puppeteer-core. The session ends when the browser is closed.",
    code: `import puppeteer from 'puppeteer-core';

const browser = await puppeteer.connect({
  browserWSEndpoint: '${cdp(place)}',
});
const [page] = await browser.pages();
await page.goto('https://example.com');
console.log(await page.title());
await browser.close();`,
  };
}

function python({ origin, tokens }: Place): Snippet {
  return {
    key: "python",
    name: "Python",
    about: "pip install ./clients/python, from a checkout. The session ends with its block.",
    code: `import asyncio

from rookery import Rookery


async def main():
    async with Rookery("${origin}"${tokens ? ', token="TOKEN"' : ""}) as fleet:
        async with fleet.session(url="https://example.com") as s:
            print(await s.evaluate("document.title"))


asyncio.run(main())`,
  };
}

function shell({ origin, tokens }: Place): Snippet {
  const bearer = tokens ? ` -H "Authorization: Bearer $TOKEN"` : "";
  return {
    key: "curl",
    name: "curl",
    about: "Any language that speaks HTTP does as well.",
    code: `${tokens ? "TOKEN=TOKEN\n" : ""}B=${origin}
json='Content-Type: application/json'
ID=$(curl -s -X POST $B/v1/sessions${bearer} -H "$json" \\
     -d '{"url": "https://example.com"}' | sed -E 's/^\\{"id":"([^"]+)".*/\\1/')
curl -s -X POST $B/v1/sessions/$ID/commands${bearer} -H "$json" \\
     -d '{"action": "observe"}'
curl -s $B/v1/sessions/$ID/screenshot${bearer} -o page.png
curl -s -X DELETE $B/v1/sessions/$ID${bearer}`,
  };
}

function nats({ tenant, region }: Place): Snippet {
  return {
    key: "nats",
    name: "NATS",
    about: "Without HTTP: pip install nats-py. NATS_URL is what the fleet's --nats-url says.",
    code: `import asyncio, json, os, uuid
import nats

HEADERS = {"Content-Type": "application/json", "Rk-Schema": "1"}


async def main():
    nc = await nats.connect(os.environ["NATS_URL"], inbox_prefix="_INBOX.${tenant}")
    id = f"${region}_{uuid.uuid4().hex}"
    events = await nc.subscribe(f"rk.live.${region}.${tenant}.{id}.*")
    work = {"session": id, "tenant": "${tenant}", "spec": {"url": "https://example.com"}}
    await nc.request("rk.work.${region}.default.${tenant}.normal", json.dumps(work).encode(),
                     headers=HEADERS | {"Nats-Msg-Id": id})
    async for message in events.messages:
        event = json.loads(message.data)
        print(event["type"])
        if event["type"] in ("session:ready", "session:ended"):
            break
    end = {"verb": "end", "reason": "released"}
    await nc.request(f"rk.cmd.${region}.${tenant}.{id}", json.dumps(end).encode(), headers=HEADERS)
    await nc.close()


asyncio.run(main())`,
  };
}
