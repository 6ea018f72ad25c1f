import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
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
import { connect, type Message } from '@communique-tee/client';
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
    env: Record<string, string>,
    ...more: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [folder.file('node.mjs'), system.gatewayUrl, folder.file('message.json'), ...more],
        { cwd: folder.path, env },
        (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
        },
      );
    });
  }

  it('on Node sends a message, and its receipt verifies', async () => {
    const before = (await receivedBy(system.congress)).length;
    const { code, stdout, stderr } = await node(
      { TOKEN: await system.issuer.token('node'), PCR0: system.pcr0, DEVELOPMENT_ROOT: folder.file('root.pem') },
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
    expect(await node({ TOKEN, PCR0: 'ab'.repeat(48), DEVELOPMENT_ROOT: folder.file('root.pem') })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^attestation_refused \(ERR_ATTESTATION_MEASUREMENT\)/) as string,
    });
    expect(await node({ TOKEN, PCR0: system.pcr0 })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^attestation_refused \(ERR_ATTESTATION_ROOT\)/) as string,
    });
    expect(await node({ TOKEN: 'wrong', PCR0: system.pcr0, DEVELOPMENT_ROOT: folder.file('root.pem') })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('refused') as string,
    });
  });

  it('seal again what an enclave had not opened when it was replaced', async () => {
    const token = await system.issuer.token('replaced');
    const policy = {
      acceptedMeasurements: [{ pcr0: system.pcr0 }],
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

    beforeAll(async () => {
      pcr0 = system.pcr0;
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
                    /data-gateway="[^"]*" data-pcr0="[^"]*"/,
                    `data-gateway="${system.gatewayUrl}" data-pcr0="${pcr0}" data-unsafe-development-root="${system.developmentRootPem}"`,
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
      expect(
        asked.filter(({ url }) => /\/api\/messages\/[0-9a-f-]+$/.test(url)).map(({ headers }) => headers['accept']),
      ).toContain('text/event-stream, application/json;q=0.5');
      expect(asked.some(({ url }) => url.includes(fields.token))).toBe(false);
    });

    it('trust no other image', async () => {
      pcr0 = 'cd'.repeat(48);
      const { page } = await open();
      await page.locator('#enclave', { hasText: /^Not trusted/ }).waitFor();
      expect(await page.textContent('#enclave')).toContain('attestation_refused ERR_ATTESTATION_MEASUREMENT');
    });
  });
});
