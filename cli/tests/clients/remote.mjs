// What people do with chrome-remote-interface, which asks for /json/protocol on connecting. Arguments: host and port to
// discover a page at, or the URL of a page's socket.
import assert from 'node:assert/strict';
import CDP from 'chrome-remote-interface';
import { run, site } from './site.mjs';

const [, , first, port] = process.argv;
const { url, close } = await site();
const at = port && { host: first, port: Number(port) };

if (at) {
  await run({
    'what is to be found before there is a session': async () => {
      const version = await CDP.Version(at);
      assert.match(version.webSocketDebuggerUrl, /^ws:/);
      const list = await CDP.List(at);
      assert.deepEqual(list.map(page => page.type), ['page']);
      const made = await CDP.New({ ...at, url: url('/two') });
      assert.equal(made.url, url('/two'));
      await CDP.Activate({ ...at, id: made.id });
      const protocol = await CDP.Protocol(at);
      assert.ok(protocol.domains.some(domain => domain.domain === 'Page'));
      await CDP.Close({ ...at, id: made.id });
    },
  });
}

const client = await CDP(at || { target: first });
const { Page, Runtime, Network, Target } = client;
await run({
  'a page': async () => {
    await Promise.all([Page.enable(), Runtime.enable(), Network.enable()]);
    const requests = [];
    Network.requestWillBeSent(({ request }) => requests.push(request.url));
    await Promise.all([Page.loadEventFired(), Page.navigate({ url: url('/') })]);
    const { result } = await Runtime.evaluate({ expression: 'document.title' });
    assert.equal(result.value, 'home');
    assert.ok(requests.includes(url('/')));
    const { data } = await Page.captureScreenshot();
    assert.ok(Buffer.from(data, 'base64').subarray(1, 4).equals(Buffer.from('PNG')));
  },
  'its children under their own sessions': async () => {
    const attached = new Promise(done => client.once('Target.attachedToTarget', done));
    await Target.setAutoAttach({ autoAttach: true, waitForDebuggerOnStart: true, flatten: true });
    await Page.navigate({ url: url('/worker') });
    const { sessionId, targetInfo, waitingForDebugger } = await attached;
    assert.deepEqual([targetInfo.type, waitingForDebugger], ['worker', true]);
    await client.send('Runtime.runIfWaitingForDebugger', {}, sessionId);
    const { result } = await client.send('Runtime.evaluate', { expression: 'self.constructor.name' }, sessionId);
    assert.equal(result.value, 'DedicatedWorkerGlobalScope');
  },
  'its end': async () => {
    const detached = new Promise(done => client.once('Inspector.detached', done));
    const disconnected = new Promise(done => client.once('disconnect', done));
    await Page.close();
    assert.deepEqual(await detached, { reason: 'target_closed' });
    await disconnected;
  },
});
await close();
