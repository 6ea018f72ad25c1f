import { fieldFromHex, type Field, type RegistrationJson } from '@communique-tee/residence';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const MAX_BODY_BYTES = 4096;
const STYLE =
  'body{font:1.125rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:36rem;padding:0 1rem;color:#222;background:#fff}' +
  'label,input,textarea,button{display:block;font:inherit}input,textarea{width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #666}' +
  'textarea{font-family:monospace}button{margin-top:1rem;padding:.6rem 1.2rem;min-height:2.75rem}';
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
};

export interface RegistrationDesk {
  /** The address of the desk's page. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The web page of a made-up registrar, on 127.0.0.1. A person pastes the code that the sender's page shows, names a district, and gets a
 * registration. The desk checks no address, so it is only for the demo.
 */
export async function openDesk(
  register: (commitment: Field, district: string) => RegistrationJson,
  port = 0,
): Promise<RegistrationDesk> {
  const server = createServer((request, response) => {
    void serve(request, response, register).catch(() => {
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  register: (commitment: Field, district: string) => RegistrationJson,
): Promise<void> {
  if (request.url !== '/' || (request.method !== 'GET' && request.method !== 'POST')) {
    response.writeHead(404, HEADERS).end(page('<p>Nothing exists at this address.</p>'));
    return;
  }
  if (request.method === 'GET') {
    response.writeHead(200, HEADERS).end(page(form()));
    return;
  }
  const given = new URLSearchParams(await bodyOf(request));
  const [code, district] = ['code', 'district'].map((name) => (given.get(name) ?? '').trim());
  try {
    const registration = register(fieldFromHex((code ?? '').toLowerCase()), (district ?? '').toUpperCase());
    response.writeHead(200, HEADERS).end(page(answer(registration)));
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'It cannot be registered.';
    response.writeHead(400, HEADERS).end(page(form(problem)));
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw new Error('too long');
  }
  return text;
}

function form(problem?: string): string {
  return `<p>This is no real registrar. It checks nothing and registers every code.</p>
<form method="post" action="/">
<label for="code">Code, as the page shows it</label>
<input id="code" name="code" required maxlength="64" autocomplete="off" spellcheck="false">
<label for="district">State and district, such as CA-12, MT-01 or DC-00</label>
<input id="district" name="district" value="CA-12" required maxlength="5" autocomplete="off" spellcheck="false">
${problem === undefined ? '' : `<p role="alert">${escape(problem)}</p>\n`}<button>Register</button>
</form>`;
}

function answer(registration: RegistrationJson): string {
  return `<p>You are registered, and the list is published. Copy this into the page:</p>
<label for="registration">Registration</label>
<textarea id="registration" rows="8" readonly>${escape(JSON.stringify(registration, null, 2))}</textarea>`;
}

function page(body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Demo registrar</title><style>${STYLE}</style></head>
<body><main><h1>Demo registrar</h1>
${body}
</main></body>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
