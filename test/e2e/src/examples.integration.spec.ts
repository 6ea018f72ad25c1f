import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  describeWith,
  freePort,
  temporaryFolder,
  workspaceRoot,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { receivedBy, startSystem, type System } from '@communique-tee/test-system';
import { chromiumAvailability, openChromium, type Chromium } from '@communique-tee/testing/chromium';
import { pcr3OfRole } from '@communique-tee/attestation';
import { connect, type Message } from '@communique-tee/client';
import { keyIdOf } from '@communique-tee/crypto';
import { createNsm } from '@communique-tee/nsm';
import { encodeKeyBinding, fromHex, PROCESS_CUSTODY } from '@communique-tee/protocol';
import { createMockNsmTransport } from '@communique-tee/testing/nsm-mock';
import { buildClientPackage, type BuiltPackage } from '@communique-tee/tools/dev/client-package/build-package';

const MESSAGE = {
  offices: ['HCA12', 'SCA01'],
  constituent: {
    prefix: 'Mx.',
    firstName: 'Example',
    lastName: 'Sender',
    address1: '1 Example Street',
    city: 'Oakland',
    state: 'CA',
    zip: '94601',
    email: 'sender@example.org',
  },
  message: { subject: 'Of an example', body: 'What an example sends.', topics: ['Energy'] },
  campaignId: 'example',
};

/** The package as it is built, outside of this repository, against the whole system. */
describe('the examples', () => {
  let folder: TemporaryFolder;
  let system: System;
  let built: BuiltPackage;
  let pagePort: number;

  beforeAll(async () => {
    [folder, pagePort] = await Promise.all([temporaryFolder('client-examples'), freePort()]);
    built = await buildClientPackage({
      root: workspaceRoot(),
      folder: folder.file('node_modules/@communique-tee/client'),
    });
    system = await startSystem({
      folder: folder.file('system'),
      gatewayEnvironment: { CORS_ORIGINS: `http://127.0.0.1:${String(pagePort)}`, DELIVERY_POLL_MS: '100' },
    });
    await writeFile(folder.file('root.pem'), system.developmentRootPem);
    await writeFile(folder.file('message.json'), JSON.stringify(MESSAGE));
    await cp(join(built.folder, 'examples/node.mjs'), folder.file('node.mjs'));
  }, 180_000);
  afterAll(async () => {
    await (system as System | undefined)?.stop();
    await folder.remove();
  });

  function node(
    { GATEWAY = system.gatewayUrl, ...env }: Record<string, string>,
    ...more: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [folder.file('node.mjs'), GATEWAY, folder.file('message.json'), ...more],
        { cwd: folder.path, env },
        (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
        },
      );
    });
  }

  /** As an operator publishes it, but for what the test changes. */
  async function policy(change: object = {}): Promise<string> {
    const operator = { name: 'Example Union', origin: 'https://communique.example.org' };
    const acceptedMeasurements = system.accepted.map((accepted) => ({ ...accepted, ...change }));
    await writeFile(folder.file('policy.json'), JSON.stringify({ operator, acceptedMeasurements }));
    return folder.file('policy.json');
  }

  it('on Node sends a message, and its receipt verifies', async () => {
    const before = (await receivedBy(system.congress)).length;
    const { code, stdout, stderr } = await node(
      { TOKEN: await system.issuer.token('node'), POLICY: await policy(), DEVELOPMENT_ROOT: folder.file('root.pem') },
      folder.file('receipt.json'),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^verified: .*keys: \S+\nsealed: [0-9a-f-]{36}, \d+ bytes\n(status: .*\n)+HCA12: accepted \w{32}\nSCA01: accepted \w{32}\n$/,
    );
    expect(await receivedBy(system.congress)).toHaveLength(before + 2);
    expect(JSON.parse(await readFile(folder.file('receipt.json'), 'utf8'))).toEqual({
      receipt: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
      attestation_document: expect.any(String) as string,
    });
  });

  it('on Node sends nothing where it does not trust, and says why', async () => {
    const TOKEN = await system.issuer.token('node');
    const DEVELOPMENT_ROOT = folder.file('root.pem');
    for (const [change, code] of [
      [{ pcr0: 'ab'.repeat(48) }, 'ERR_ATTESTATION_MEASUREMENT'],
      [{ pcr3: 'ab'.repeat(48) }, 'ERR_ATTESTATION_OPERATOR'],
    ] as const)
      expect(await node({ TOKEN, POLICY: await policy(change), DEVELOPMENT_ROOT })).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(`attestation_refused (${code})`) as string,
      });
    const POLICY = await policy();
    expect(await node({ TOKEN, POLICY })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^attestation_refused \(ERR_ATTESTATION_ROOT\)/) as string,
    });
    expect(await node({ TOKEN: 'wrong', POLICY, DEVELOPMENT_ROOT })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('refused') as string,
    });
  });

  it('on Node sends nothing to a stranger who runs the same image under a role of their own', async () => {
    // Under the same root: AWS's hardware vouches for the stranger's enclave as it does for ours
    const pcrs = new Map([[3, fromHex(pcr3OfRole('arn:aws:iam::999999999999:role/stranger'))]]);
    const transport = await createMockNsmTransport({ rootFolder: folder.file('system/nsm'), pcrs });
    const nsm = createNsm(transport);
    const publicKey = new Uint8Array(randomBytes(32));
    const userData = encodeKeyBinding({
      keyId: keyIdOf(publicKey),
      receiptKey: new Uint8Array(randomBytes(32)),
      custody: PROCESS_CUSTODY,
      configSha256: new Uint8Array(32),
    });
    const asked: string[] = [];
    const stranger = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://stranger');
      asked.push(`${request.method ?? ''} ${pathname}`);
      if (pathname !== '/attestation') response.writeHead(404).end();
      else
        void nsm
          .attest({ nonce: fromHex(searchParams.get('nonce') ?? ''), publicKey, userData })
          .then((document) => response.end(document));
    });
    await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening));
    const gateway = `http://127.0.0.1:${String((stranger.address() as AddressInfo).port)}`;
    const environment = { TOKEN: 't', DEVELOPMENT_ROOT: folder.file('root.pem') };
    try {
      expect(await node({ ...environment, POLICY: await policy(), GATEWAY: gateway })).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('attestation_refused (ERR_ATTESTATION_OPERATOR)') as string,
      });
      expect(asked).toEqual(['GET /attestation']);
      // What a policy without an operator would have done: the waiver has to be written out, and then the stranger gets the message
      expect(await node({ ...environment, POLICY: await policy({ pcr3: undefined }), GATEWAY: gateway })).toMatchObject(
        {
          code: 1,
          stderr: expect.stringContaining('policy_invalid') as string,
        },
      );
      expect(asked).toHaveLength(1);
      await node({
        ...environment,
        POLICY: await policy({ pcr3: undefined, operator: 'any' }),
        GATEWAY: gateway,
      });
      expect(asked).toContain('POST /api/messages');
    } finally {
      stranger.closeAllConnections();
      await new Promise((closed) => stranger.close(closed));
      await nsm.close();
    }
  });

  it('seal again what an enclave had not opened when it was replaced', async () => {
    const token = await system.issuer.token('replaced');
    const policy = {
      acceptedMeasurements: system.accepted,
      unsafeDevelopmentRootPem: system.developmentRootPem,
    } as const;
    const client = await connect(system.gatewayUrl, policy, { token: () => token });
    await system.restart('enclave', 'kill');
    const before = (await receivedBy(system.congress)).length;
    const result = await client.send(MESSAGE as Message).result;
    expect(result).toMatchObject({
      status: 'delivered',
      resealed: true,
      report: { offices: [{ outcome: 'accepted' }, { outcome: 'accepted' }] },
    });
    expect(await receivedBy(system.congress)).toHaveLength(before + 2);
  });

  describeWith(chromiumAvailability(), 'in Chromium, under a strict Content-Security-Policy,', () => {
    let chromium: Chromium;
    let server: Server;
    let pcr0: string;
    let pcr3: string;

    beforeAll(async () => {
      ({ pcr0, pcr3 } = system);
      chromium = await openChromium();
      const files: Record<string, string> = {
        '/browser.mjs': join(built.folder, 'examples/browser.mjs'),
        '/communique-tee-client.js': join(built.folder, 'index.js'),
        '/': join(built.folder, 'examples/browser.html'),
      };
      server = createServer((request, response) => {
        const file = files[request.url ?? ''];
        if (file === undefined) {
          response.writeHead(404).end();
          return;
        }
        void readFile(file, 'utf8').then((text) => {
          const html = file.endsWith('.html');
          response.writeHead(200, {
            'content-type': html ? 'text/html; charset=utf-8' : 'text/javascript',
            'content-security-policy': `default-src 'none'; script-src 'self'; connect-src ${system.gatewayUrl}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'`,
          });
          response.end(
            html
              ? text
                  .replace(
                    /data-gateway="[^"]*"\s+data-pcr0="[^"]*"\s+data-pcr3="[^"]*"/,
                    `data-gateway="${system.gatewayUrl}" data-pcr0="${pcr0}" data-pcr3="${pcr3}" data-unsafe-development-root="${system.developmentRootPem}"`,
                  )
                  .replace(/ *<link rel="icon".*\n/, '')
              : text,
          );
        });
      });
      await new Promise<void>((listening) => server.listen(pagePort, '127.0.0.1', listening));
    });
    afterAll(async () => {
      await chromium.close();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    });

    async function open() {
      const page = await chromium.newPage();
      const violations: string[] = [];
      page.on('console', (message) => {
        if (/Content Security Policy|Trusted Type/.test(message.text())) violations.push(message.text());
      });
      page.on('pageerror', (error) => violations.push(error.message));
      const asked: { readonly url: string; readonly headers: Record<string, string> }[] = [];
      page.on('request', (request) => asked.push({ url: request.url(), headers: request.headers() }));
      await page.goto(`http://127.0.0.1:${String(pagePort)}/`);
      return { page, violations, asked };
    }

    it('send a message from a page, by a stream, and show what is proven', async () => {
      const { page, violations, asked } = await open();
      await page.locator('#enclave', { hasText: /^Verified/ }).waitFor();
      const {
        topics: [topic = ''],
        ...message
      } = MESSAGE.message;
      const fields = {
        ...MESSAGE.constituent,
        ...message,
        offices: MESSAGE.offices.join(', '),
        token: await system.issuer.token('page'),
      };
      for (const [name, value] of Object.entries(fields))
        if (name !== 'state') await page.fill(`[name=${name}]`, value);
      await page.selectOption('[name=state]', MESSAGE.constituent.state);
      await page.selectOption('[name=topic]', topic);
      await page.click('button');
      await page.waitForSelector('#outcome li');
      expect(await page.locator('#outcome li').allTextContents()).toEqual(['HCA12: accepted', 'SCA01: accepted']);
      const states = await page.locator('#states li').allTextContents();
      expect(states.at(-1)).toBe('ended');
      expect(states).toContain('delivered, receipt verified');
      expect(violations).toEqual([]);
      expect(asked.some(({ url }) => /\/api\/messages\/[0-9a-f-]+\/events$/.test(url))).toBe(true);
      expect(asked.some(({ url }) => url.includes(fields.token))).toBe(false);
    });

    it('trust no other image, and no other operator', async () => {
      for (const [change, code] of [
        [{ pcr0: 'cd'.repeat(48) }, 'ERR_ATTESTATION_MEASUREMENT'],
        [{ pcr3: 'cd'.repeat(48) }, 'ERR_ATTESTATION_OPERATOR'],
      ] as const) {
        ({ pcr0, pcr3 } = { ...system, ...change });
        const { page } = await open();
        await page.locator('#enclave', { hasText: /^Not trusted/ }).waitFor();
        expect(await page.textContent('#enclave')).toContain(`attestation_refused ${code}`);
      }
    });
  });
});
