import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
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
import { gatewayProblem } from '@communique-tee/tools/dev/client-package/example/check-gateway';
import {
  serveExample,
  type ExampleSettings,
  type ServedExample,
} from '@communique-tee/tools/dev/client-package/example/serve-example';

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

/** Runs the examples with the built package, outside of this repository, against the whole system. */
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

  /** Writes a policy as an operator publishes it, with the test's changes. */
  async function policy(change: object = {}): Promise<string> {
    const operator = { name: 'Example Union', origin: 'https://communique.example.org' };
    const acceptedMeasurements = system.accepted.map((accepted) => ({ ...accepted, ...change }));
    await writeFile(folder.file('policy.json'), JSON.stringify({ operator, acceptedMeasurements }));
    return folder.file('policy.json');
  }

  it('send a message on Node, and its receipt verifies', async () => {
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

  it('send nothing on Node to an enclave that they do not trust, and print why', async () => {
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

  it('send nothing on Node to a stranger who runs the same image under another role', async () => {
    // The stranger's enclave has our root, because AWS hardware attests every enclave
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
      // The stranger gets the message only if the policy accepts any operator explicitly
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

  it('seal a message again if the enclave was replaced before the message was opened', async () => {
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
    let page: ServedExample;
    let settings: ExampleSettings;
    const usual = (): ExampleSettings => ({
      gateway: system.gatewayUrl,
      pcr0: system.pcr0,
      pcr3: system.pcr3,
      unsafeDevelopmentRoot: system.developmentRootPem,
    });

    beforeAll(async () => {
      settings = usual();
      chromium = await openChromium();
      page = await serveExample(built.folder, () => settings, pagePort);
    });
    afterAll(async () => {
      await chromium.close();
      await (page as ServedExample | undefined)?.stop();
    });

    async function open(origin = page.origin) {
      const tab = await chromium.newPage();
      const violations: string[] = [];
      tab.on('console', (message) => {
        if (/Content Security Policy|Trusted Type/.test(message.text())) violations.push(message.text());
      });
      tab.on('pageerror', (error) => violations.push(error.message));
      const asked: { readonly url: string; readonly headers: Record<string, string> }[] = [];
      tab.on('request', (request) => asked.push({ url: request.url(), headers: request.headers() }));
      await tab.goto(`${origin}/`);
      return { tab, violations, asked };
    }
    type Tab = Awaited<ReturnType<typeof open>>['tab'];

    async function fill(tab: Tab, token: string): Promise<void> {
      await tab.locator('#enclave', { hasText: /^Verified/ }).waitFor();
      const {
        topics: [topic = ''],
        ...message
      } = MESSAGE.message;
      const fields = { ...MESSAGE.constituent, ...message, offices: MESSAGE.offices.join(', '), token };
      for (const [name, value] of Object.entries(fields)) if (name !== 'state') await tab.fill(`[name=${name}]`, value);
      await tab.selectOption('[name=state]', MESSAGE.constituent.state);
      await tab.selectOption('[name=topic]', topic);
    }
    const outcome = async (tab: Tab) => {
      await tab.waitForSelector('#outcome li');
      return tab.locator('#outcome li').allTextContents();
    };

    it('send a message from a page, follow it through an event stream, and show the verified result', async () => {
      const { tab, violations, asked } = await open();
      const token = await system.issuer.token('page');
      await fill(tab, token);
      await tab.click('form button');
      expect(await outcome(tab)).toEqual(['HCA12: accepted', 'SCA01: accepted']);
      const states = await tab.locator('#states li').allTextContents();
      expect(states.at(-1)).toBe('ended');
      expect(states).toContain('delivered, receipt verified');
      expect(violations).toEqual([]);
      expect(asked.some(({ url }) => /\/api\/messages\/[0-9a-f-]+\/events$/.test(url))).toBe(true);
      expect(asked.some(({ url }) => url.includes(token))).toBe(false);
      expect(await tab.evaluate('sessionStorage.length')).toBe(0);
    });

    it('say what to do if the gateway refuses the token, and that nothing was sent', async () => {
      const { tab } = await open();
      await fill(tab, 'wrong');
      await tab.click('form button');
      const [text] = await outcome(tab);
      expect(text).toMatch(
        /^It was not sent\. refused unauthenticated\. The token is not valid.*tools\/cli\/bin\.mjs token/,
      );
      expect(await tab.locator('#resume').isVisible()).toBe(false);
    });

    it('follow a message to its end after a reload of the tab that sent it', async () => {
      const { tab } = await open();
      await fill(tab, await system.issuer.token('page'));
      // Status requests fail, so the page does not see the message end before the reload.
      await tab.route(/\/api\/messages\/[0-9a-f-]+/, (route) => route.abort());
      await tab.click('form button');
      await tab.locator('#states', { hasText: /accepted.*waiting \d+ s to try again \(unreachable\)/s }).waitFor();
      await tab.reload();
      await tab.unroute(/\/api\/messages\/[0-9a-f-]+/);
      await tab.locator('#resume button').waitFor();
      await tab.fill('[name=token]', await system.issuer.token('page'));
      await tab.click('#resume button');
      expect(await outcome(tab)).toEqual(['HCA12: accepted', 'SCA01: accepted']);
      expect(await tab.locator('#resume').isVisible()).toBe(false);
    });

    it('say what to do if the gateway does not allow the page’s origin, both before the page is opened and on the page', async () => {
      const elsewhere = await serveExample(built.folder, () => settings, 0);
      expect(await gatewayProblem(new URL(system.gatewayUrl), page.origin)).toBeNull();
      expect(await gatewayProblem(new URL(system.gatewayUrl), elsewhere.origin)).toContain(
        `CORS_ORIGINS=${elsewhere.origin}`,
      );
      const { tab } = await open(elsewhere.origin);
      await tab.locator('#enclave', { hasText: /^Checking the enclave… waiting \d+ s/ }).waitFor();
      await tab.locator('#enclave', { hasText: /^Not reached: unreachable/ }).waitFor({ timeout: 60_000 });
      expect(await tab.textContent('#enclave')).toContain(`needs ${elsewhere.origin} in CORS_ORIGINS`);
      await elsewhere.stop();
    });

    it('trust no other image, and no other operator', async () => {
      for (const [change, code] of [
        [{ pcr0: 'cd'.repeat(48) }, 'ERR_ATTESTATION_MEASUREMENT'],
        [{ pcr3: 'cd'.repeat(48) }, 'ERR_ATTESTATION_OPERATOR'],
      ] as const) {
        settings = { ...usual(), ...change };
        const { tab } = await open();
        await tab.locator('#enclave', { hasText: /^Not trusted/ }).waitFor();
        expect(await tab.textContent('#enclave')).toContain(`attestation_refused ${code}. Do not use this gateway`);
      }
      settings = usual();
    });
  });
});
