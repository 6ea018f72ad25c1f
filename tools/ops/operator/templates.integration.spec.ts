import { CommandLine } from '@communique-tee/command-line';
import type { ManagedTemplate } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { templates } from './templates';

/** Tests the commands against a stand-in for the gateway. The gateway's own specs test what its routes accept. */
describe('ops templates', () => {
  let folder: TemporaryFolder;
  let server: Server;
  let url: string;
  let kept: ManagedTemplate[] = [];
  const asked: {
    method: string | undefined;
    path: string | undefined;
    authorization: string | undefined;
    body: unknown;
  }[] = [];
  let answer: ((body: unknown) => [status: number, body: unknown]) | undefined;

  const template: ManagedTemplate = {
    ...{ id: '1b4e28ba-2fa1-41d2-883f-0016d3cca427', slug: 'parks', title: 'Parks', description: null, category: null },
    ...{
      language: 'en',
      topics: ['Energy'],
      subject: 'Please fund',
      body: 'Please fund parks',
      stance: null,
      bills: [],
    },
    ...{ officeScope: ['house'], campaignId: 'parks-2026', campaignNote: null, sources: [], version: 7 },
    ...{ contentSha256: 'ab'.repeat(32), updatedAt: '2026-11-29T18:09:02.460Z', createdAt: '2026-11-29T18:09:02.460Z' },
    ...{ status: 'draft', moderation: null, changeLog: [] },
    originalContent: { title: 'Parks', subject: 'Please fund', body: 'Please fund parks' },
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.on('end', () => {
        const body: unknown = text === '' ? undefined : JSON.parse(text);
        asked.push({ method: request.method, path: request.url, authorization: request.headers.authorization, body });
        const [status, given] =
          request.method === 'GET' ? [200, { templates: kept }] : (answer?.(body) ?? [200, template]);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(given));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    await writeFile(folder.file('parks.json'), JSON.stringify({ slug: 'parks', title: 'All parks' }));
    await writeFile(folder.file('note'), 'a campaign note\n');
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await folder[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    kept = [template];
    asked.length = 0;
    answer = undefined;
  });

  async function operator(args: string[], environment: Record<string, string> = { COMMUNIQUE_TOKEN: 'sesame' }) {
    let out = '';
    let err = '';
    const streams = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
    const line = new CommandLine('operator', '', streams);
    templates(line.program.command('templates'), line, {
      streams,
      environment: { COMMUNIQUE_GATEWAY: url, ...environment },
    });
    const code = await line.parse(['templates', ...args]);
    expect(out + err).not.toContain('sesame');
    return { code, out, err };
  }

  it('lists every template', async () => {
    expect(await operator(['list'])).toMatchObject({
      code: 0,
      out: 'parks  draft, version 7, en, campaign parks-2026: Parks\n',
    });
    expect(JSON.parse((await operator(['list', '--json'])).out)).toEqual({ templates: [template] });
    expect(asked[0]).toMatchObject({ path: '/api/admin/templates', authorization: 'Bearer sesame' });
  });

  it('adds the template of a file, with the campaign note of another file', async () => {
    expect((await operator(['add', folder.file('parks.json'), '--campaign-note', folder.file('note')])).code).toBe(0);
    expect(asked).toMatchObject([
      {
        method: 'POST',
        path: '/api/templates',
        body: { slug: 'parks', title: 'All parks', campaignNote: 'a campaign note\n' },
      },
    ]);
  });

  it.each<[string[], object]>([
    [['publish', 'parks'], { status: 'published', version: 7 }],
    [['archive', 'parks'], { status: 'archived', version: 7 }],
    [['change', 'parks', '<file>'], { title: 'All parks', version: 7 }],
  ])('%j sends the version that the gateway has, and puts the slug into no URL', async (args, body) => {
    expect((await operator(args.map((each) => (each === '<file>' ? folder.file('parks.json') : each)))).code).toBe(0);
    expect(asked[1]).toMatchObject({ method: 'PATCH', path: `/api/templates/${template.id}`, body });
    expect(asked.some(({ path = '' }) => path.includes('parks'))).toBe(false);
  });

  it('prints why the gateway refused, and ends with 1', async () => {
    answer = () => [409, { code: 'template_changed' }];
    expect(await operator(['publish', 'parks'])).toMatchObject({
      code: 1,
      err: 'The template has changed since it was read (template_changed)\n',
    });
    answer = () => [
      400,
      { code: 'malformed_body', errors: [{ message: '/subject: must have at least 6 characters' }] },
    ];
    expect(await operator(['add', folder.file('parks.json')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('/subject: must have at least 6') as string,
    });
    expect((await operator(['publish', 'other'])).err).toContain('there is no template other');
    expect((await operator(['change', 'rivers', folder.file('parks.json')])).code).toBe(1);
  });

  it('ends with 2 without a token and for unusable arguments, and with 3 without the file or the gateway', async () => {
    expect(await operator(['list'], {})).toMatchObject({ code: 2, err: expect.stringContaining('no token') as string });
    expect((await operator(['add', folder.file('nothing.json')])).code).toBe(3);
    expect((await operator(['list', '--gateway', 'http://127.0.0.1:1'])).code).toBe(3);
    expect((await operator(['list', '--gateway', 'http://example.org'])).code).toBe(2);
    expect((await operator(['publish'])).code).toBe(2);
  });
});
