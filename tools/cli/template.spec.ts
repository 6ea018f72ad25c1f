import type { Template } from '@communique-tee/protocol';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fillIn, templateOf } from './template';

const PARKS: Template = {
  ...{ id: '1b4e28ba-2fa1-41d2-883f-0016d3cca427', slug: 'parks', title: 'Parks', version: 1, description: null },
  ...{ category: null, language: 'en', topics: ['Energy'], subject: 'Fund our parks', body: 'Please fund our parks.' },
  ...{ stance: 'pro', bills: [], officeScope: ['house'], campaignId: 'parks-2026', campaignNote: null, sources: [] },
  ...{ contentSha256: 'ab'.repeat(32), updatedAt: '2026-11-29T18:09:02.460Z' },
};

it('fillIn supplies what the message leaves out, and the campaign', () => {
  expect(fillIn({ offices: ['HCA12'], message: { body: 'My own words.' } }, PARKS)).toEqual({
    offices: ['HCA12'],
    campaignId: 'parks-2026',
    message: { subject: 'Fund our parks', body: 'My own words.', topics: ['Energy'], stance: 'pro' },
  });
  expect(fillIn({}, PARKS)).toMatchObject({ message: { body: 'Please fund our parks.' } });
});

it('fillIn refuses a template of another campaign', () => {
  expect(() => fillIn({ campaignId: 'rivers' }, PARKS)).toThrow('another campaign');
});

describe('a template of a gateway', () => {
  let server: Server;
  let gateway: URL;
  const asked: (string | undefined)[] = [];
  let answer: [status: number, body: string] = [200, JSON.stringify({ templates: [PARKS] })];
  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      asked.push(url);
      response.writeHead(answer[0], { 'content-type': 'application/json' }).end(answer[1]);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    gateway = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('is found in the whole list, which is requested without the template’s name', async () => {
    expect(await templateOf({ template: 'parks' }, gateway)).toEqual(PARKS);
    expect(await templateOf({}, gateway)).toBeUndefined();
    expect(asked).toEqual(['/api/templates']);
  });

  it.each<[string, [number, string], string]>([
    ['does not publish it', [200, '{"templates":[]}'], 'not_understood'],
    ['has no list', [404, '{}'], 'unreachable'],
    ['sends something else', [200, '{"templates":[{}]}'], 'unreachable'],
    ['sends no JSON', [200, '<html>'], 'unreachable'],
  ])('cannot be used if the gateway %s', async (_, given, code) => {
    answer = given;
    await expect(templateOf({ template: 'parks' }, gateway)).rejects.toMatchObject({ code });
  });
});
