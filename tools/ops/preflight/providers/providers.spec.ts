import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lines, look } from '../testing/look';

let server: Server;
let handle: (request: IncomingMessage, response: ServerResponse) => void;
beforeAll(async () => {
  server = createServer((request, response) => {
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const KEY = 'canary-provider-key';
const PROVIDERS = [
  ['openai', 'OPENAI_API_KEY'],
  ['google-ai', 'GOOGLE_AI_API_KEY'],
  ['google-ai', 'GEMINI_API_KEY'],
  ['anthropic', 'ANTHROPIC_API_KEY'],
] as const;

async function said(
  name: string,
  env: Record<string, string>,
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
  more: string[] = [],
) {
  const found = await look(
    name,
    { ports: { env, fetch, origins: { openai: origin, googleAi: origin, anthropic: origin } } },
    more,
  );
  expect(JSON.stringify(found)).not.toContain('canary');
  return lines(found);
}

describe.each(PROVIDERS)('%s by %s', (name, variable) => {
  it('asks for the list of models, with the key in a header', async () => {
    let seen: [string | undefined, string] = [undefined, ''];
    handle = (request, response) => {
      seen = [request.url, JSON.stringify([request.method, request.headers])];
      response.end(JSON.stringify(name === 'google-ai' ? { models: [{}, {}] } : { data: [{}, {}] }));
    };
    expect(await said(name, { [variable]: KEY })).toEqual([
      expect.stringMatching(
        /^pass: .* takes the key of .* \(2 models on the first page\); nothing in this release uses it yet$/,
      ),
    ]);
    expect(seen[0]).toBe(name === 'google-ai' ? '/v1beta/models' : '/v1/models');
    expect(seen[1]).toContain(KEY);
    expect(seen[1]).toContain('"GET"');
  });
  it('is skipped without a key', async () => {
    expect(await said(name, { [variable]: '' })).toEqual([
      expect.stringMatching(/^skip: .* is not set; nothing in this release uses it yet$/),
    ]);
  });
  it.each<[number, string, RegExp]>([
    [401, '{}', /^fail: .* does not take the key/],
    [403, '{}', /^fail: .* does not take the key/],
    [400, '{}', /^fail: .* does not take the key/],
    [404, '{}', /^fail: .* answered 404/],
    [429, '{}', /^warn: .* asks for patience/],
    [500, 'x', /^warn: .* could not answer \(500\)/],
    [200, '<html>', /^warn: .* without a list of models/],
    [200, '[]', /^warn: .* without a list of models/],
    [200, '{"data": {"length": 3}}', /^warn: .* without a list of models/],
    [302, '', /^fail: .* could not be asked/],
  ])('answers %d %s', async (status, body, words) => {
    handle = (_request, response) => response.writeHead(status, { location: '/elsewhere' }).end(body);
    expect(await said(name, { [variable]: KEY })).toEqual([expect.stringMatching(words)]);
  });
  it('says nothing', async () => {
    handle = () => undefined;
    expect(await said(name, { [variable]: KEY }, undefined, ['--timeout', '1'])).toEqual([
      'fail: did not answer within 1 s; not checked',
    ]);
  });
  it('is not there', async () => {
    expect(await said(name, { [variable]: KEY }, 'http://127.0.0.1:1')).toEqual([
      expect.stringMatching(/^fail: .* (is not reachable from here|could not be asked)/),
    ]);
  });
  it('is not asked with what cannot be a key', async () => {
    expect(await said(name, { [variable]: `${KEY}\nx: y` })).toEqual([
      expect.stringMatching(/^fail: .* another character that no key has/),
    ]);
  });
});

it('reads no more than a list can be long', async () => {
  handle = (_request, response) => {
    response.on('error', () => undefined);
    const more = () => {
      while (response.write('x'.repeat(65_536)) && !response.destroyed);
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };
  expect(await said('openai', { OPENAI_API_KEY: KEY })).toEqual([
    expect.stringMatching(/^warn: OpenAI answered 200 without a list/),
  ]);
});
