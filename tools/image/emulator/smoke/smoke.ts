import { unsafeTrustAnchorFromPem, verifyAttestation } from '@communique-tee/attestation';
import { connect, listen, parseAddress } from '@communique-tee/vsock';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { say } from '../../debian-archive/say';
import { bootEnclave, type BootedEnclave } from '../boot';
import { makeTestPki } from '../test-pki';
import type { ImageArchitecture } from '../../inputs/lock-inputs';
import { checkClock, type SmokeEvent } from './clock';
import { smokeImage } from './image';
import { GUEST_PORT, LOG_PORT, PARENT_ECHO_PORT } from './ports';

const received: string[] = [];

async function get(enclave: BootedEnclave, path: string): Promise<Buffer> {
  const socket = await connect(parseAddress(enclave.address(GUEST_PORT)), { timeoutMs: 10_000 });
  return new Promise((done, fail) => {
    const call = request({ createConnection: () => socket, path, headers: { connection: 'close' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        response.statusCode === 200
          ? done(Buffer.concat(chunks))
          : fail(new Error(`${path}: ${String(response.statusCode)} ${Buffer.concat(chunks).toString()}`)),
      );
      response.on('error', fail);
    });
    call.on('error', fail);
    call.end();
  });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (holds()) return;
    await sleep(100);
  }
  throw new Error(`${what} did not come`);
}

const events = () => received.map((line) => JSON.parse(line) as SmokeEvent);

async function boot(root: string, architecture: ImageArchitecture, folder: string): Promise<void> {
  const image = await smokeImage(root, architecture, folder);
  say(`${architecture} image ${(image.sizeBytes / 1e6).toFixed(1)} MB, PCR0 ${image.measurements.pcr0.slice(0, 16)}`);
  const pki = await makeTestPki(join(folder, 'pki'));
  const run = join(folder, 'run');
  const machine = { root, architecture, eif: image.path, testPki: pki.folder, memoryMiB: 768, rtc: 'base=1971-01-01' };
  await using enclave = await bootEnclave({ ...machine, folder: run });
  say(`heartbeat after ${(enclave.heartbeatMs / 1000).toFixed(1)} s (${enclave.accelerator})`);

  // The collector starts late. Log lines from before its start must arrive too.
  await until('the app', () => enclave.console().includes('"listening"'));
  const collector = createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      received.push(...lines);
    });
    socket.on('error', () => socket.destroy());
  });
  await listen(collector, parseAddress(enclave.address(LOG_PORT)));
  const echo = createServer((socket) => void socket.pipe(socket));
  await listen(echo, parseAddress(enclave.address(PARENT_ECHO_PORT)));
  await until('the first log line', () => events().some(({ event }) => event === 'app_started'));

  const nonce = randomBytes(32);
  const document = await get(enclave, `/document?nonce=${nonce.toString('hex')}`);
  const policy = {
    freshness: { nonce },
    maxAgeMs: 60_000,
    maxFutureSkewMs: 10_000,
    trustAnchor: unsafeTrustAnchorFromPem(pki.rootPem),
  };
  const verified = await verifyAttestation(document, {
    ...policy,
    acceptedMeasurements: [{ ...image.measurements, operator: 'any' }],
  });
  say(`a document of ${document.length} bytes verified, module ${verified.moduleId}`);
  await assert.rejects(
    verifyAttestation(document, { ...policy, acceptedMeasurements: [{ pcr0: 'ab'.repeat(48), operator: 'any' }] }),
    'another image must be refused',
  );

  const seen = JSON.parse((await get(enclave, '/look')).toString()) as Record<string, unknown> & {
    attempts: Record<string, string>;
  };
  say(JSON.stringify(seen));
  assert.deepEqual([seen['uid'], seen['gid'], seen['groups'], seen['parentCid']], [1000, 1000, [], '2']);
  assert.deepEqual(seen['capabilities'], Array(4).fill('0000000000000000'));
  assert.deepEqual([seen['noNewPrivileges'], seen['seccomp'], seen['nsmMode']], ['1', '2', '660']);
  assert.deepEqual(seen['processes'], [String(seen['own'])], 'the app sees only itself');
  const { programs, ...rest } = seen.attempts;
  assert.equal(programs, '/usr/bin/node', 'no shell, no other program');
  assert.deepEqual(
    Object.entries(rest).filter(([, how]) => how === 'ALLOWED'),
    [],
  );

  const now = async () => (JSON.parse((await get(enclave, '/look')).toString()) as { nowMs: number }).nowMs;
  await checkClock({ pki: pki.folder, events, now, accelerator: enclave.accelerator });

  assert.equal((await get(enclave, '/echo?bytes=300000')).length, 300_000, 'guest to host and back');
  assert.equal((await get(enclave, '/write-big?bytes=5000000')).length, 5_000_000, 'from guest to host');
  await get(enclave, '/log?lines=3000');
  await until('the last line', () =>
    events().some((event) => event.event === 'line' && (event as { i?: number }).i === 2999),
  );

  const counted = () =>
    events().reduce(
      (sum, event) =>
        sum +
        (event.event === 'line'
          ? 1
          : event.event === 'log_lines_dropped'
            ? ((event as { count?: number }).count ?? 0)
            : 0),
      0,
    );
  await until('every line, or a count of dropped lines', () => counted() >= 3000);

  await get(enclave, '/crash');
  await enclave.exited;
  await sleep(500);
  const kinds = new Set(events().map(({ event }) => event));
  for (const kind of ['entropy', 'app_started', 'listening', 'unstructured_line', 'app_ended'])
    assert.ok(kinds.has(kind), `${kind} arrived`);
  assert.ok(!received.some((line) => line.includes('PLAINTEXT')), 'what a crash prints stays inside');
  assert.ok(enclave.console().includes('PLAINTEXT'), 'the output of a crash is on the console');
  collector.close();
  echo.close();

  await assert.rejects(
    bootEnclave({ ...machine, folder: join(folder, 'other'), append: 'parent_cid=7' }),
    /bad_parent_cid/,
    'init refuses another CID for the parent',
  );
  await writeFile(join(pki.folder, 'refuse'), '');
  await assert.rejects(
    bootEnclave({ ...machine, folder: join(folder, 'timeless') }),
    /no_attested_time/,
    'no enclave starts if the NSM tells no time',
  );
  say(`every check passed; ${received.length} log lines arrived`);
}

/** Boots the smallest image and checks everything that init and the emulator promise. @throws if a check fails */
export async function smoke(architecture: ImageArchitecture): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'smoke-'));
  try {
    await boot(resolve('.'), architecture, folder);
  } finally {
    if (process.env['KEEP']) say(folder);
    else rmSync(folder, { recursive: true, force: true });
  }
}
