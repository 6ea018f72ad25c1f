import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** The settings that are written into the page's HTML. */
export interface ExampleSettings {
  readonly gateway: string;
  readonly pcr0: string;
  readonly pcr3: string;
  readonly unsafeDevelopmentRoot?: string | undefined;
}

export interface ServedExample {
  /** The page's origin, without a slash at its end. */
  readonly origin: string;
  stop(): Promise<void>;
}

const FILES: Readonly<Record<string, string>> = {
  '/': 'examples/browser.html',
  '/browser.mjs': 'examples/browser.mjs',
  '/failures.mjs': 'examples/failures.mjs',
  '/communique-tee-client.js': 'index.js',
};

/**
 * Serves the example page from a built package, only on this machine.
 * @param settings called at each request
 * @param port 0 for a free one
 * @throws the error of `listen`, for example `EADDRINUSE`
 */
export async function serveExample(
  packageFolder: string,
  settings: () => ExampleSettings,
  port: number,
): Promise<ServedExample> {
  const server = createServer((request, response) => {
    const file = FILES[request.url ?? ''];
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    const isPage = file.endsWith('.html');
    readFile(join(packageFolder, file), 'utf8').then(
      (text) => {
        const { gateway } = settings();
        response.writeHead(200, {
          'content-type': isPage ? 'text/html; charset=utf-8' : 'text/javascript',
          'cache-control': 'no-store',
          'content-security-policy': `default-src 'none'; script-src 'self'; connect-src ${gateway}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'`,
        });
        response.end(isPage ? withSettings(text, settings()) : text);
      },
      () => response.writeHead(500).end(),
    );
  });
  await listening(server, port);
  return {
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

function withSettings(html: string, { gateway, pcr0, pcr3, unsafeDevelopmentRoot }: ExampleSettings): string {
  const attributes = {
    'data-gateway': gateway,
    'data-pcr0': pcr0,
    'data-pcr3': pcr3,
    ...(unsafeDevelopmentRoot !== undefined && { 'data-unsafe-development-root': unsafeDevelopmentRoot }),
  };
  const text = Object.entries(attributes)
    .map(([name, value]) => `${name}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`)
    .join(' ');
  return html.replace(/data-gateway="[^"]*"\s+data-pcr0="[^"]*"\s+data-pcr3="[^"]*"/, () => text);
}
