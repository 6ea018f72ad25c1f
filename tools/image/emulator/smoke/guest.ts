// Runs inside the enclave. Reports over vsock what an intruder in the app could see and do.
import { createNsm, openNsmDevice } from '@communique-tee/nsm';
import { connect, listen, parseAddress } from '@communique-tee/vsock';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';

import { attempts } from './attempts';
import { GUEST_PORT, PARENT_ECHO_PORT } from './ports';

const log = (event: string, more: object = {}) =>
  void process.stdout.write(`${JSON.stringify({ level: 'info', time: Date.now(), event, ...more })}\n`);
const nsm = createNsm(openNsmDevice());
const parentCid = readFileSync('/run/enclave/parent-cid', 'utf8').trim();

function look() {
  const status = Object.fromEntries(
    readFileSync('/proc/self/status', 'utf8')
      .split('\n')
      .map((line) => line.split(':\t') as [string, string]),
  );
  return {
    uid: process.getuid?.(),
    gid: process.getgid?.(),
    groups: process.getgroups?.().filter((group) => group !== process.getgid?.()),
    environment: process.env,
    arguments: process.execArgv,
    capabilities: [status['CapEff'], status['CapPrm'], status['CapBnd'], status['CapAmb']],
    noNewPrivileges: status['NoNewPrivs'],
    seccomp: status['Seccomp'],
    processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name)),
    own: process.pid,
    root: readdirSync('/'),
    nsmMode: (statSync('/dev/nsm').mode & 0o777).toString(8),
    interfaces: Object.keys(networkInterfaces()),
    attempts: attempts(),
    parentCid,
    node: process.version,
    nowMs: Date.now(),
    uptimeS: Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]),
  };
}

/**
 * Sends a text to the parent and returns the echo, which is complete at the length of the text. The emulator's vsock device does not pass
 * on a half-close from the guest, so the end of the stream cannot tell.
 */
async function echo(text: string): Promise<string> {
  const socket = await connect(parseAddress(`vsock:${parentCid}:${PARENT_ECHO_PORT}`), { timeoutMs: 5_000 });
  socket.write(text);
  let back = '';
  for await (const chunk of socket) {
    back += String(chunk);
    if (back.length >= text.length) break;
  }
  socket.destroy();
  return back;
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://enclave');
  void (async () => {
    switch (url.pathname) {
      case '/look':
        return response.end(JSON.stringify(look()));
      case '/document':
        return response.end(
          Buffer.from(await nsm.attest({ nonce: Buffer.from(url.searchParams.get('nonce') ?? '', 'hex') })),
        );
      case '/echo':
        return response.end(await echo('x'.repeat(Number(url.searchParams.get('bytes')))));
      case '/write-big':
        return response.end(Buffer.alloc(Number(url.searchParams.get('bytes')), 0x61));
      case '/log':
        for (let i = 0; i < Number(url.searchParams.get('lines')); i++) log('line', { i, filler: 'y'.repeat(200) });
        return response.end('logged');
      case '/crash':
        response.end('bye');
        setTimeout(() => {
          throw new Error('PLAINTEXT-THAT-MUST-NOT-LEAVE');
        }, 50);
        return;
      case '/exit':
        response.end('bye');
        setTimeout(() => process.exit(3), 50);
        return;
      default:
        response.statusCode = 404;
        return response.end();
    }
  })().catch((error: unknown) => {
    response.statusCode = 500;
    response.end(String(error));
  });
});

void listen(server, parseAddress(`vsock:${GUEST_PORT}`)).then(() => {
  writeFileSync('/tmp/scratch', 'ok');
  log('listening', { port: GUEST_PORT });
});
