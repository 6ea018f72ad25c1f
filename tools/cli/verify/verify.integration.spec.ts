import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { join, resolve } from 'node:path';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { pcr3OfRole } from '@communique-tee/attestation';
import { createMockNsmTransport, developmentMeasurements, developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import { keyIdOf } from '@communique-tee/crypto';
import { encodeKeyBinding } from '@communique-tee/protocol';

const root = resolve(__dirname, '../../..');
const other = 'ab'.repeat(48);

function* endless() {
  for (;;) yield new Uint8Array(16_384);
}

interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the real command. */
function verify(...argv: string[]): Promise<Run> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, ['tools/run.mjs', 'tools/cli/main.ts', 'verify', ...argv], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const run: Run = { status: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (run.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (run.stderr += text));
    child.on('error', failed);
    child.on('close', (status) => {
      done({ ...run, status });
    });
  });
}

describe('communique-tee verify', () => {
  const { pcr0, pcr3 } = developmentMeasurements;
  const operator = ['--pcr3', pcr3];
  let folder: string;
  let rootFile: string;
  let nsm: Nsm;
  let server: Server;
  let url: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'verify-'));
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder }));
    rootFile = join(folder, 'development-root/certificate.pem');
    server = createServer(
      (request, response) => void Promise.resolve(answer(request, response)).catch(() => response.destroy()),
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    rmSync(folder, { recursive: true });
  });

  const file = (name: string, content: Uint8Array | string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const nonce = new Uint8Array(32).fill(7);
  const nonceHex = '07'.repeat(32);

  it('exits with 0 for a trusted file, and shows chain, measurements, age and keys', async () => {
    const userData = encodeKeyBinding({
      keyId: keyIdOf(new Uint8Array(32).fill(3)),
      receiptKey: new Uint8Array(32).fill(2),
      custody: 'process',
      configSha256: new Uint8Array(32).fill(4),
    });
    const path = file('good.cose', await nsm.attest({ nonce, publicKey: new Uint8Array(32).fill(3), userData }));
    const { status, stdout } = await verify(
      path,
      '--pcr0',
      `${other},${pcr0}`,
      ...operator,
      '--nonce',
      nonceHex,
      '--development-root',
      rootFile,
    );
    expect(stdout).toMatch(/^TRUSTED {2}i-development-enc/);
    for (const shown of [
      `PCR0        ${pcr0}`,
      `PCR3        ${pcr3}`,
      nonceHex,
      '03'.repeat(32),
      Buffer.from(keyIdOf(new Uint8Array(32).fill(3))).toString('hex'),
      `config      SHA-256 ${'04'.repeat(32)}`,
      '02'.repeat(32),
      'custody     process',
      'before the time of verification',
      'regional.development.nitro-enclaves',
      'WARNING  the root is not AWS’s, but a development root that --development-root or the policy names',
    ]) {
      expect(stdout).toContain(shown);
    }
    expect(status).toBe(0);
  });

  it('exits with 1 if the policy does not accept the document, and shows the code and what the document claims', async () => {
    const path = file('base64.txt', Buffer.from(await nsm.attest({ nonce })).toString('base64'));
    const wrongPcr = await verify(
      path,
      '--pcr0',
      other,
      ...operator,
      '--nonce',
      nonceHex,
      '--development-root',
      rootFile,
    );
    expect(wrongPcr).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('REFUSED  ERR_ATTESTATION_MEASUREMENT'),
    });
    expect(wrongPcr.stdout).toContain('none of it is verified');
    expect(wrongPcr.stdout).toContain(pcr0);
    expect(
      await verify(path, '--pcr0', pcr0, ...operator, '--nonce', 'ff'.repeat(32), '--development-root', rootFile),
    ).toMatchObject({ status: 1, stdout: expect.stringContaining('ERR_ATTESTATION_NONCE') });
    expect(await verify(path, '--pcr0', pcr0, ...operator, '--nonce', nonceHex)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('ERR_ATTESTATION_ROOT'),
    });
    expect(
      await verify(
        path,
        '--pcr0',
        pcr0,
        ...operator,
        '--no-nonce',
        '--development-root',
        rootFile,
        '--at',
        '2020-01-01T00:00:00Z',
      ),
    ).toMatchObject({ status: 1, stdout: expect.stringContaining('ERR_ATTESTATION_CERTIFICATE_NOT_YET_VALID') });
    const later = new Date(Date.now() + 600_000).toISOString();
    expect(
      await verify(path, '--pcr0', pcr0, ...operator, '--no-nonce', '--development-root', rootFile, '--at', later),
    ).toMatchObject({ status: 1, stdout: expect.stringContaining('ERR_ATTESTATION_TOO_OLD') });
    expect(
      await verify(
        path,
        '--pcr0',
        pcr0,
        ...operator,
        '--no-nonce',
        '--development-root',
        rootFile,
        '--at',
        later,
        '--max-age',
        '3600',
      ),
    ).toMatchObject({ status: 0, stdout: expect.stringContaining('WARNING  no nonce') });
  });

  it('refuses an accepted image under the role of a stranger, unless the caller accepts any operator', async () => {
    const stranger = 'arn:aws:iam::999999999999:role/stranger';
    const theirs = pcr3OfRole(stranger);
    const booted = createNsm(
      await createMockNsmTransport({
        rootFolder: folder,
        pcrs: new Map([[3, new Uint8Array(Buffer.from(theirs, 'hex'))]]),
      }),
    );
    const path = file('stranger.cose', await booted.attest({ nonce }));
    const asked = [path, '--pcr0', pcr0, '--nonce', nonceHex, '--development-root', rootFile];
    const refused = await verify(...asked, '--operator-role', developmentRoleArn);
    expect(refused).toMatchObject({ status: 1, stdout: expect.stringContaining('ERR_ATTESTATION_OPERATOR') });
    expect(refused.stdout).toContain(`PCR3 is ${theirs}`);
    expect(refused.stdout).toContain('Accept this PCR3 with --pcr3 only if you know');
    expect(await verify(...asked)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the operator is missing'),
    });
    expect(await verify(...asked, '--operator-role', stranger)).toMatchObject({ status: 0 });
    const any = await verify(...asked, '--any-operator');
    expect(any).toMatchObject({ status: 0, stdout: expect.stringContaining('WARNING  any operator was accepted') });
    expect(JSON.parse((await verify(...asked, '--any-operator', '--json')).stdout)).toMatchObject({
      trusted: true,
      any_operator: true,
    });
  });

  it('has a separate code for a parent without a role', async () => {
    const booted = createNsm(
      await createMockNsmTransport({ rootFolder: folder, pcrs: new Map([[3, new Uint8Array(48)]]) }),
    );
    const path = file('unnamed.cose', await booted.attest({ nonce }));
    const run = await verify(path, '--pcr0', pcr0, ...operator, '--nonce', nonceHex, '--development-root', rootFile);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('ERR_ATTESTATION_OPERATOR_UNNAMED') });
    expect(run.stdout).toContain('PCR3        zero: the parent has no role');
  });

  it('reads a document in hexadecimal digits, and in the JSON members that other projects use', async () => {
    const document = Buffer.from(await nsm.attest({ nonce }));
    for (const [name, content] of [
      ['hex', document.toString('hex')],
      ['attestation_doc', JSON.stringify({ attestation_doc: document.toString('hex') })],
      ['attestationDoc', JSON.stringify({ attestationDoc: document.toString('base64') })],
    ] as const)
      expect(
        await verify(
          file(name, content),
          '--pcr0',
          pcr0,
          ...operator,
          '--nonce',
          nonceHex,
          '--development-root',
          rootFile,
        ),
      ).toMatchObject({ status: 0 });
  });

  it('refuses bytes that are not a document, and prints no claims', async () => {
    const run = await verify(
      file('broken.cose', Uint8Array.of(0x84, 0xff)),
      '--pcr0',
      pcr0,
      ...operator,
      '--no-nonce',
      '--json',
    );
    expect(run.status).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({
      outcome: 'refused',
      trusted: false,
      code: 'ERR_ATTESTATION_CBOR',
      step: 'structure',
    });
    expect(JSON.parse(run.stdout)).not.toHaveProperty('unverified');
  });

  it('asks a URL with a fresh nonce, and prints the findings as JSON', async () => {
    const asked: { url: string; accept: string | undefined }[] = [];
    answer = async (request, response) => {
      asked.push({ url: request.url ?? '', accept: request.headers.accept });
      const given = new URL(request.url ?? '', url).searchParams.get('nonce') ?? '';
      response
        .setHeader('content-type', 'application/cose')
        .end(await nsm.attest({ nonce: new Uint8Array(Buffer.from(given, 'hex')) }));
    };
    const runs = await Promise.all([
      verify('--gateway', url, '--pcr0', pcr0, ...operator, '--development-root', rootFile, '--json'),
      verify(
        '--gateway',
        `${url}/v1/document?x=1`,
        '--pcr0',
        pcr0,
        ...operator,
        '--development-root',
        rootFile,
        '--json',
      ),
    ]);
    for (const run of runs) {
      expect(JSON.parse(run.stdout)).toMatchObject({
        outcome: 'trusted',
        trusted: true,
        nonce_checked: true,
        own_root: true,
        attestation: { pcrs: { 0: pcr0 }, user_data: null },
      });
      expect(run.status).toBe(0);
    }
    const urls = asked.map((each) => each.url).sort();
    expect(urls[0]).toMatch(/^\/attestation\?nonce=[0-9a-f]{64}$/);
    expect(urls[1]).toMatch(/^\/v1\/document\?x=1&nonce=[0-9a-f]{64}$/);
    expect(urls[0]?.slice(-64)).not.toBe(urls[1]?.slice(-64));
    expect(asked.map((each) => each.accept)).toEqual(['application/cose', 'application/cose']);
  });

  it('reads a document in JSON, and refuses an answer to another nonce', async () => {
    answer = async (_, response) => {
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ attestation_document: Buffer.from(await nsm.attest({ nonce })).toString('base64') }));
    };
    expect(
      await verify('--gateway', url, '--pcr0', pcr0, ...operator, '--development-root', rootFile, '--nonce', nonceHex),
    ).toMatchObject({
      status: 0,
    });
    expect(await verify('--gateway', url, '--pcr0', pcr0, ...operator, '--development-root', rootFile)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('ERR_ATTESTATION_NONCE'),
    });
    expect(
      await verify('--gateway', url, '--pcr0', pcr0, ...operator, '--development-root', rootFile, '--no-nonce'),
    ).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('no nonce was checked'),
    });
  });

  it.each<[string, string, (request: IncomingMessage, response: ServerResponse) => void]>([
    [
      'with an error',
      '503 (enclave_unreachable)',
      (_, response) =>
        response.writeHead(503, { 'content-type': 'application/problem+json' }).end('{"code":"enclave_unreachable"}'),
    ],
    [
      'with an endless body',
      'the answer is too long',
      (_, response) =>
        void Readable.from(endless())
          .on('error', () => undefined)
          .pipe(response),
    ],
    [
      'with half an answer',
      'did not answer',
      (_, response) => void response.writeHead(200, { 'content-length': '100' }).write('x', () => response.destroy()),
    ],
  ])('exits with 3, and names the cause, if the server answers %s', async (_, words, behaviour) => {
    answer = behaviour;
    expect(await verify('--gateway', url, '--pcr0', pcr0, ...operator)).toMatchObject({
      status: 3,
      stdout: '',
      stderr: expect.stringContaining(words),
    });
  });

  it('exits with 2 for a file without a document, and with 3 for an unreadable file', async () => {
    const path = file('page.html', '<!doctype html>');
    expect(await verify(path, '--pcr0', pcr0, ...operator, '--no-nonce')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('not_understood'),
    });
    expect(await verify(join(folder, 'nowhere'), '--pcr0', pcr0, ...operator, '--no-nonce')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('file_unreadable'),
    });
    expect(await verify(folder, '--pcr0', pcr0, ...operator, '--no-nonce')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('file_unreadable'),
    });
    expect(
      await verify(file('huge', new Uint8Array(200_000)), '--pcr0', pcr0, ...operator, '--no-nonce'),
    ).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('is too large'),
    });
    expect(await verify(path, '--pcr0', pcr0, ...operator, '--no-nonce', '--development-root', path)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('0 certificates in the PEM text'),
    });
    expect(
      await verify(path, '--pcr0', pcr0, ...operator, '--no-nonce', '--development-root', join(folder, 'nowhere')),
    ).toMatchObject({ status: 3, stderr: expect.stringContaining('file_unreadable') });
  });

  it('exits with 2 for wrong arguments and says what is wrong, in JSON with --json', async () => {
    expect(await verify('file', '--no-nonce')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('--pcr0 is missing'),
    });
    const run = await verify('--json');
    expect(run.status).toBe(2);
    expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, exit: 2, code: 'usage' });
  });

  it('prints its help and exits with 0', async () => {
    const { status, stdout } = await verify('--help');
    expect(status).toBe(0);
    for (const word of [
      '--pcr0',
      '--nonce',
      '--no-nonce',
      '--max-age',
      '--at',
      '--custody',
      '--development-root',
      '--json',
      'Exit code',
    ])
      expect(stdout).toContain(word);
  });

  it('prints no terminal control character from a document', async () => {
    const evil = createNsm(await createMockNsmTransport({ rootFolder: folder, moduleId: 'i-\u001b[2J-enc1' }));
    const { status, stdout } = await verify(
      file('evil.cose', await evil.attest({})),
      '--pcr0',
      pcr0,
      ...operator,
      '--no-nonce',
      '--development-root',
      rootFile,
    );
    expect({ status, escape: stdout.includes('\u001b') }).toEqual({ status: 0, escape: false });
  });
});
