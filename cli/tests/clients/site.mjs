// A site that the clients visit, on two origins: 127.0.0.1 and localhost are different sites to a browser.
import { createServer } from 'node:http';

const pages = {
  '/': '<!doctype html><title>home</title><h1>home</h1><a href="/two">two</a><button onclick="this.textContent=\'clicked\'">press</button>',
  '/two': '<!doctype html><title>two</title><h1>two</h1>',
  '/popup': '<!doctype html><title>opener</title><button onclick="window.open(\'/two\')">open</button>',
  '/dialog': '<!doctype html><button onclick="document.title = confirm(\'sure?\')">ask</button>',
  '/upload': '<!doctype html><input type=file onchange="this.files[0].text().then(t => document.title = this.files[0].name + \':\' + t)">',
  '/large': '<!doctype html><input type=file onchange="const f = this.files[0]; f.slice(-7).text().then(t => document.title = [f.name, f.size, t].join(\':\'))">',
  '/download': '<!doctype html><a id=d href="/file">get</a>',
  '/worker': '<!doctype html><script>const w = new Worker("/worker.js"); w.onmessage = e => document.title = e.data; w.postMessage(20)</script>',
  '/service': '<!doctype html><script>navigator.serviceWorker.register("/service.js").then(() => navigator.serviceWorker.ready).then(() => document.title = "ready")</script>',
  '/api': '<!doctype html><script>fetch("/data").then(r => r.json()).then(d => document.title = d.said)</script>',
  '/covered': '<!doctype html><script src="/covered.js"></script>',
};
const scripts = {
  '/worker.js': 'onmessage = e => postMessage("worker " + (e.data + 1))',
  '/service.js': 'self.addEventListener("fetch", () => {})',
  '/covered.js': 'function used() { return 1 }\nfunction unused() { return 2 }\nused()',
};

export async function site() {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    if (path === '/frames') {
      const other = `http://localhost:${server.address().port}`;
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><title>frames</title><iframe name=same src="/two"></iframe><iframe name=other src="${other}/"></iframe>`);
    } else if (path === '/data') {
      let body = '';
      request.on('data', part => (body += part)).on('end', () => {
        response.setHeader('content-type', 'application/json');
        response.setHeader('set-cookie', 'seen=yes');
        response.end(JSON.stringify({ said: 'from the server', method: request.method, body }));
      });
    } else if (path === '/file') {
      response.setHeader('content-disposition', 'attachment; filename="report.txt"');
      response.end('the report');
    } else if (scripts[path]) {
      response.setHeader('content-type', 'text/javascript');
      response.end(scripts[path]);
    } else {
      response.statusCode = pages[path] ? 200 : 404;
      response.setHeader('content-type', 'text/html');
      response.end(pages[path] ?? 'nothing here');
    }
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  return { url: path => `http://127.0.0.1:${port}${path}`, close: () => server.closeAllConnections() ?? server.close() };
}

// Runs each check by its name, so that a failure says which it was; the first one ends the program.
export async function run(checks) {
  for (const [name, check] of Object.entries(checks)) {
    const late = setTimeout(() => {
      console.error(`${name}: not done after 30 s`);
      process.exit(1);
    }, 30_000);
    try {
      await check();
      console.log(`ok ${name}`);
    } catch (error) {
      console.error(`${name}: ${error.stack}`);
      process.exit(1);
    } finally {
      clearTimeout(late);
    }
  }
}
