import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Page } from 'playwright-core';
import { bundleForBrowser } from './bundle-for-browser';
import { ChromiumUnavailableError } from './chromium-error';
import { integrationOnly } from '@communique-tee/testing/harness';
import { findChromium } from './find-chromium';

/** The sandbox is off because it does not work as root and in containers. Most other flags prevent requests that a new profile would make. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Chromium extends AsyncDisposable {
  /** The version of Chromium, such as 131.0.6778.85. */
  readonly version: string;
  /** Opens a new empty tab with a new profile. */
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

export interface ChromiumOptions {
  /** Keeps pages in memory for the Back button, as people's browsers do. Playwright's default is off. */
  readonly backForwardCache?: boolean | undefined;
}

/**
 * Starts a headless Chromium.
 * @throws ChromiumUnavailableError
 */
export async function openChromium({ backForwardCache = false }: ChromiumOptions = {}): Promise<Chromium> {
  integrationOnly('Chromium');
  const executablePath = findChromium();
  if (executablePath === undefined) throw new ChromiumUnavailableError();
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: flags,
    ...(backForwardCache && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
  });
  const close = () => browser.close();
  return {
    version: browser.version(),
    newPage: async () => (await browser.newContext()).newPage(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

export interface BrowserModule extends AsyncDisposable {
  /** The address of the page. Loopback is a secure context, so the page has WebCrypto. */
  readonly url: string;
  readonly chromiumVersion: string;
  /** Calls an export of the module with values that JSON can represent. Errors of the export are thrown here. */
  call<Output>(name: string, ...input: unknown[]): Promise<Output>;
  close(): Promise<void>;
}

const globalName = 'moduleUnderTest';

/**
 * Bundles a TypeScript module and loads it into a page of a real Chromium.
 *
 * @param entry absolute path
 * @throws ChromiumUnavailableError, or an esbuild error if the module does not run in a browser
 * @example
 * const page = await openModuleInChromium(join(__dirname, 'testing/browser-entry.ts'));
 * const sum = await page.call<number>('add', 1, 2);
 */
export async function openModuleInChromium(entry: string): Promise<BrowserModule> {
  const script = await bundleForBrowser(entry, globalName);
  const server = createServer((request, response) => {
    const isScript = request.url === '/module.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
    response.end(
      isScript ? script : '<!doctype html><link rel="icon" href="data:,"><script src="/module.js"></script>',
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const closeServer = () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });

  let browser: Chromium | undefined;
  const close = async () => {
    await browser?.close();
    await closeServer();
  };
  try {
    browser = await openChromium();
    const page = await browser.newPage();
    const failures: Error[] = [];
    page.on('pageerror', (error) => failures.push(error));
    await page.goto(url);
    if (failures[0]) throw failures[0];
    return {
      url,
      chromiumVersion: browser.version,
      call: <Output>(name: string, ...input: unknown[]) =>
        page.evaluate(
          ([global, property, values]) => {
            const loaded = (globalThis as unknown as Record<string, Record<string, (...values: unknown[]) => unknown>>)[
              global
            ];
            const called = loaded?.[property];
            if (!called) throw new Error(`the module does not export ${property}`);
            return called(...values) as Output;
          },
          [globalName, name, input] as const,
        ),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
