import { fromBase64Url } from '@communique-tee/protocol';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { HIGH_RATE_LIMITS, startSystem, type System } from '@communique-tee/test-system';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCaller, type Surroundings } from './testing/call';
import { startTamperingGateway, type TamperingGateway } from './testing/tampering-gateway';

/** Runs every command against the whole system, and against a gateway that lies. */

const other = 'ab'.repeat(48);
const exampleFile = join(workspaceRoot(), 'docs/examples/message.json');
const unknownId = '00000000-0000-4000-8000-000000000000';

interface Kept {
  kept: { gateway: string; accepted: boolean };
  sealed: string;
  deliverySecret: string;
}

describe('communique-tee', () => {
  const { call, said } = createCaller();
  let folder: TemporaryFolder;
  let system: System;
  let liar: TamperingGateway;
  let trust: string[];
  let token: string;
  let state: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    system = await startSystem({
      folder: folder.file('system'),
      gatewayEnvironment: HIGH_RATE_LIMITS,
      agents: {},
    });
    liar = await startTamperingGateway(system.gatewayUrl);
    trust = [
      '--pcr0',
      system.pcr0,
      '--pcr3',
      system.pcr3,
      '--development-root',
      folder.file('system', 'development-root.pem'),
    ];
    token = await system.issuer.token('cli');
    state = folder.file('state');
  });
  afterAll(async () => {
    await liar.stop();
    await system.stop();
    await folder.remove();
  });
  beforeEach(() => {
    liar.tamper = (_path, body) => body;
    liar.requests.length = 0;
  });

  const with_ = (more: Record<string, string> = {}): Surroundings => ({
    environment: { COMMUNIQUE_TOKEN: token, COMMUNIQUE_GATEWAY: system.gatewayUrl, XDG_STATE_HOME: state, ...more },
  });
  const through = (url: string) => with_({ COMMUNIQUE_GATEWAY: url });
  const file = (name: string, content: string | Uint8Array) => {
    const path = folder.file(name);
    writeFileSync(path, content);
    return path;
  };
  const keptFile = (id: string) => join(state, 'communique-tee', `${id}.json`);
  const kept = (id: string) => JSON.parse(readFileSync(keptFile(id), 'utf8')) as Kept;
  const sent = async (surroundings = with_()): Promise<string> => {
    const { exit, out } = await call(['send', '--message', exampleFile, ...trust, '--json'], surroundings);
    expect([exit, out]).toEqual([0, expect.any(String)]); // `out` shows the reason in a failure
    return (JSON.parse(out) as { id: string }).id;
  };

  it('has a model do a task with one call of the provider, prints the verified cost, and exits with 0', async () => {
    const listed = await call(['agent', '--list', ...trust, '--json'], with_());
    expect(listed.exit).toBe(0);
    const { models } = JSON.parse(listed.out) as { models: { id: string; tasks: string[]; available: boolean }[] };
    const model = models.find(({ tasks, available }) => available && tasks.includes('draft'));
    const before = system.providers?.requests().length ?? 0;
    // A separate caller, because here the text of the draft is on standard output on purpose
    const asked = await createCaller().call(
      ['agent', 'draft', '--message', exampleFile, '--model', model?.id ?? '', ...trust],
      with_(),
    );
    expect(asked).toMatchObject({
      exit: 0,
      err: expect.stringMatching(/VERIFIED[^]*charged +[1-9]\d* micro-dollars/) as string,
    });
    expect(asked.out).toMatch(/\w/);
    expect(asked.err).not.toContain('more public parks');
    expect(system.providers?.requests().length).toBe(before + 1);
  });

  it('sends, waits, prints what is signed, and exits with 0', async () => {
    const { exit, out, err } = await call(['send', '--message', exampleFile, ...trust, '--wait'], with_());
    expect(out).toMatch(/^DELIVERED {2}[0-9a-f-]{36}$/m);
    for (const shown of ['VERIFIED', system.pcr0, 'custody     process', 'HCA12', 'accepted', 'DeliveryId ', 'WARNING'])
      expect(out).toContain(shown);
    for (const step of ['asking ', 'verified: PCR0', 'sealed: ', 'posting ', 'delivered']) expect(err).toContain(step);
    expect(exit).toBe(0);
  });

  it('keeps the key to the answer, but no text of the message, in a file that only its owner can read', async () => {
    const id = await sent();
    expect([statSync(join(state, 'communique-tee')).mode & 0o777, statSync(keptFile(id)).mode & 0o777]).toEqual([
      0o700, 0o600,
    ]);
    expect(readdirSync(join(state, 'communique-tee')).every((name) => /^[0-9a-f-]{36}\.json$/.test(name))).toBe(true);
    const text = readFileSync(keptFile(id), 'utf8');
    for (const secret of [token, 'parks', 'Constituent', 'example.org', 'HCA12', 'Oakland'])
      expect(text).not.toContain(secret);
  });

  it('prints the status of a message, and writes its receipt into a file that anyone can verify', async () => {
    const id = await sent();
    const receipt = folder.file('receipt.json');
    const { exit, out } = await call(
      ['status', id, '--wait', '--receipt', receipt, '--json'],
      with_({ COMMUNIQUE_GATEWAY: 'http://127.0.0.1:1' }),
    );
    expect(JSON.parse(out)).toMatchObject({
      id,
      delivered: true,
      ended: true,
      gateway_says: { status: 'delivered' },
      verified: {
        pcr0: system.pcr0,
        custody: 'process',
        own_root: true,
        offices: [{ office: 'HCA12', outcome: 'accepted' }, { office: 'SCA01' }, { office: 'SCA03' }],
      },
    });
    expect(exit).toBe(0);

    const sealed = file('sealed.cbor', fromBase64Url(kept(id).sealed));
    const verified = await call(['receipt', 'verify', receipt, ...trust, '--sealed', sealed, '--json'], {
      environment: {},
    });
    expect(JSON.parse(verified.out)).toMatchObject({
      verified: true,
      compared_with_sealed_message: true,
      claims: { message_id: id, pcr0: system.pcr0 },
      attestation: { key_binding: { custody: 'process' } },
    });
    const fromStatus = await call(['receipt', 'verify', file('status.json', out), ...trust]);
    expect(fromStatus).toMatchObject({
      exit: 0,
      out: expect.stringMatching(
        /^VERIFIED[^]*WARNING {2}the receipt was not compared with a sealed message/,
      ) as string,
    });

    const whole = JSON.parse(readFileSync(receipt, 'utf8')) as { receipt: string; attestation_document: string };
    const [head = '', payload = '', signature = ''] = whole.receipt.split('.');
    const forged = (jws: string) => file('forged.json', JSON.stringify({ ...whole, receipt: jws }));
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, time: Math.floor(Date.now() / 1000) + 1 })).toString(
      'base64url',
    );
    expect(await refusal(['receipt', 'verify', forged(`${head}.${changed}.${signature}`), ...trust])).toEqual([
      1,
      'receipt_refused',
      'ERR_RECEIPT_SIGNATURE',
    ]);
    expect(await refusal(['receipt', 'verify', receipt, '--pcr0', other, ...trust.slice(2)])).toEqual([
      1,
      'receipt_refused',
      'ERR_RECEIPT_ATTESTATION',
    ]);
    expect(await refusal(['receipt', 'verify', receipt, ...trust.slice(0, 4)])).toEqual([
      1,
      'receipt_refused',
      'ERR_RECEIPT_ATTESTATION',
    ]);
    expect(
      await refusal([
        'receipt',
        'verify',
        receipt,
        ...trust,
        '--custody',
        'arn:aws:kms:us-east-1:111122223333:alias/x',
      ]),
    ).toEqual([1, 'receipt_refused', 'ERR_RECEIPT_KEY_BINDING']);
    expect(
      await refusal([
        'receipt',
        'verify',
        receipt,
        ...trust,
        '--sealed',
        file('other.cbor', fromBase64Url(kept(await sent()).sealed)),
      ]),
    ).toEqual([1, 'receipt_refused', 'ERR_RECEIPT_OTHER_MESSAGE']);
    expect(await refusal(['receipt', 'verify', receipt, ...trust, '--sealed', receipt])).toEqual([
      2,
      'not_understood',
      undefined,
    ]);
    expect(await refusal(['receipt', 'verify', sealed, ...trust])).toEqual([2, 'not_understood', undefined]);
    expect(await refusal(['receipt', 'verify', file('huge.json', ' '.repeat(200_000)), ...trust])).toEqual([
      2,
      'not_understood',
      undefined,
    ]);
    expect(await refusal(['receipt', 'verify', folder.file('nowhere'), ...trust])).toEqual([
      3,
      'file_unreadable',
      undefined,
    ]);
  });

  /** Runs a refused command with --json, and returns what a program sees of the refusal. */
  const refusal = async (
    argv: readonly string[],
    surroundings = with_(),
  ): Promise<[exit: number, code: unknown, reason: unknown]> => {
    const { exit, out } = await call([...argv, '--json'], surroundings);
    const said = JSON.parse(out) as { ok: unknown; exit: unknown; code: unknown; reason?: unknown };
    expect(said).toMatchObject({ ok: false, exit });
    return [exit, said.code, said.reason];
  };

  it('shows the attested key, and marks what the server reports about all keys as not signed', async () => {
    const { exit, out } = await call(['keys', ...trust, '--all', '--json'], with_());
    const shown = JSON.parse(out) as { attested: { key_id: string }; server_says: { enclaves: { keyId: string }[] } };
    expect(shown).toMatchObject({
      attested: { custody: 'process', pcr0: system.pcr0, own_root: true },
      server_says: { enclaves: [{ index: 0, state: 'ready', keyId: shown.attested.key_id }] },
    });
    expect(exit).toBe(0);
    const text = await call(['keys', ...trust, '--all', '--custody', 'process'], with_());
    expect(text.out).toMatch(/^ATTESTED[^]*Reported by the gateway; not signed:\n {2}enclave 0/);
    expect(JSON.parse((await call(['keys', ...trust, '--json'], with_())).out)).not.toHaveProperty('server_says');
  });

  it('verifies the gateway’s document, with separate codes if it is forged or expired or has a wrong PCR0 or custody', async () => {
    const { exit, out } = await call(['verify', ...trust, '--custody', 'process', '--json'], with_());
    expect(JSON.parse(out)).toMatchObject({ trusted: true, attestation: { key_binding: { custody: 'process' } } });
    expect(exit).toBe(0);
    const judged = async (argv: readonly string[]) => {
      const run = await call(['verify', ...argv, '--json']);
      return [run.exit, (JSON.parse(run.out) as { code: string }).code];
    };
    expect(await judged(['--gateway', system.gatewayUrl, '--pcr0', other, ...trust.slice(2)])).toEqual([
      1,
      'ERR_ATTESTATION_MEASUREMENT',
    ]);
    expect(
      await judged([
        '--gateway',
        system.gatewayUrl,
        ...trust,
        '--custody',
        'arn:aws:kms:us-east-1:111122223333:alias/x',
      ]),
    ).toEqual([1, 'custody_refused']);
    const document = file(
      'document.cose',
      new Uint8Array(
        await (
          await fetch(`${system.gatewayUrl}/attestation?nonce=${'07'.repeat(32)}`, {
            headers: { accept: 'application/cose' },
          })
        ).arrayBuffer(),
      ),
    );
    expect(
      await judged([document, ...trust, '--no-nonce', '--at', new Date(Date.now() + 7 * 86_400_000).toISOString()]),
    ).toEqual([1, 'ERR_ATTESTATION_CERTIFICATE_EXPIRED']);
    liar.tamper = (_path, body) => flip(body, body.length - 1);
    expect(await judged(['--gateway', liar.url, ...trust])).toEqual([1, 'ERR_ATTESTATION_SIGNATURE']);
    liar.tamper = () => undefined;
    expect(await refusal(['verify', '--gateway', liar.url, ...trust])).toEqual([3, 'unreachable', undefined]);
  });

  it('sends nothing and keeps nothing if the enclave is not a trusted one', async () => {
    const before = readdirSync(join(state, 'communique-tee')).length;
    const surroundings = through(liar.url);
    expect(await refusal(['send', '--message', exampleFile, '--pcr0', other, ...trust.slice(2)], surroundings)).toEqual(
      [1, 'attestation_refused', 'ERR_ATTESTATION_MEASUREMENT'],
    );
    expect(
      await refusal(
        ['send', '--message', exampleFile, ...trust, '--custody', 'arn:aws:kms:us-east-1:111122223333:alias/x'],
        surroundings,
      ),
    ).toMatchObject([1, 'custody_refused', 'process']);
    liar.tamper = (_path, body) => flip(body, body.length - 1);
    expect(await refusal(['send', '--message', exampleFile, ...trust], surroundings)).toEqual([
      1,
      'attestation_refused',
      'ERR_ATTESTATION_SIGNATURE',
    ]);
    expect(
      await refusal(['seal', '--message', exampleFile, '--out', folder.file('not-sealed'), ...trust], surroundings),
    ).toEqual([1, 'attestation_refused', 'ERR_ATTESTATION_SIGNATURE']);
    expect(await refusal(['keys', ...trust], surroundings)).toEqual([
      1,
      'attestation_refused',
      'ERR_ATTESTATION_SIGNATURE',
    ]);
    expect(liar.requests.filter(({ method }) => method === 'POST')).toEqual([]);
    expect(existsSync(folder.file('not-sealed'))).toBe(false);
    expect(readdirSync(join(state, 'communique-tee'))).toHaveLength(before);
  });

  it('refuses a receipt of another message, and a status without its receipt', async () => {
    const [id, another] = [await sent(through(liar.url)), await sent()];
    await call(['status', another, '--wait'], with_());
    const view = await (
      await fetch(`${system.gatewayUrl}/api/messages/${another}`, { headers: { authorization: `Bearer ${token}` } })
    ).text();
    const about = `/api/messages/${id}`;
    // If the stream of events fails, the command asks for the status.
    const events = `${about}/events`;
    liar.tamper = (path, body) =>
      path === events ? undefined : path === about ? Buffer.from(view.replaceAll(another, id)) : body;
    expect(await refusal(['status', id])).toEqual([1, 'receipt_refused', 'ERR_RECEIPT_OTHER_MESSAGE']);
    expect(await refusal(['status', id, '--wait'])).toEqual([1, 'receipt_refused', 'ERR_RECEIPT_OTHER_MESSAGE']);
    liar.tamper = (path, body) =>
      path === about
        ? Buffer.from(
            JSON.stringify({
              ...(JSON.parse(body.toString()) as object),
              status: 'delivered',
              receipt: null,
              sealedAnswer: null,
            }),
          )
        : body;
    expect(await refusal(['status', id])).toEqual([1, 'receipt_refused', 'receipt_missing']);
    liar.tamper = () => Buffer.from('{"id":1}');
    expect(await refusal(['status', id])).toEqual([3, 'answer_invalid', undefined]);
  });

  it('posts the same bytes again if it is not known whether the gateway has them', async () => {
    liar.tamper = (path, body) => (path === '/api/messages' ? undefined : body);
    const { exit, out } = await call(['send', '--message', exampleFile, ...trust, '--json'], through(liar.url));
    const { id, code, sent: was } = JSON.parse(out) as { id: string; code: string; sent: string };
    expect({ exit, code, was }).toEqual({ exit: 3, code: 'unreachable', was: 'not_known' });
    expect(kept(id).kept.accepted).toBe(false);
    // A clear refusal does not settle the earlier post that had no answer.
    const wrong = await call(['send', '--again', id], with_({ COMMUNIQUE_TOKEN: 'wrong' }));
    expect(wrong.err).toMatch(/unauthenticated[^]*We do not know yet whether it was sent[^]*send --again/);
    liar.requests.length = 0;
    liar.tamper = (_path, body) => body;
    expect(await call(['send', '--again', id, '--wait'], with_())).toMatchObject({
      exit: 0,
      out: expect.stringContaining(`DELIVERED  ${id}`) as string,
    });
    expect(liar.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(kept(id).kept.accepted).toBe(true);
    expect(await refusal(['send', '--again', id, '--message', exampleFile])).toEqual([1, 'not_retired', undefined]);
  });

  it('asks before it seals again a message that a lying gateway may already have delivered', async () => {
    // Without the configuration it is not attested whether the chambers recognize repeated messages
    liar.tamper = (path, body) => (path.startsWith('/attestation/configuration') ? undefined : body);
    const id = await sent(through(liar.url));
    expect(await call(['status', id, '--wait'], with_())).toMatchObject({ exit: 0 });
    const posts = () => liar.requests.filter(({ method }) => method === 'POST').length;
    const retired = { status: 'key_retired', reason: 'key_retired', receipt: null, sealedAnswer: null };
    liar.tamper = (path, body) =>
      path === `/api/messages/${id}`
        ? Buffer.from(JSON.stringify({ ...(JSON.parse(body.toString()) as object), ...retired }))
        : body;
    const again = ['send', '--again', id, '--message', exampleFile];
    const { exit, err } = await call(again, with_());
    expect([exit, posts()]).toEqual([1, 1]);
    expect(err).toMatch(/duplicate_not_accepted[^]*It may already have been delivered[^]*The gateway has it\./);
    const questions: string[] = [];
    const answering = (answer: boolean) => ({
      ...with_(),
      confirm: (question: string) => {
        questions.push(question);
        return Promise.resolve(answer);
      },
    });
    expect(await call(again, answering(false))).toMatchObject({ exit: 1 });
    expect(posts()).toBe(1);
    expect(questions).toEqual([expect.stringMatching(/^It may already have been delivered: .* Send again\?$/)]);
    // The real gateway behind the lying one knows that the message was delivered
    expect(await call(again, answering(true))).toMatchObject({
      exit: 1,
      err: expect.stringContaining('message_id_taken') as string,
    });
    expect(posts()).toBe(2);
    expect(await call([...again, '--accept-duplicate'], with_())).toMatchObject({ exit: 1 });
    expect(posts()).toBe(3);
  });

  it('is refused with a token that the issuer did not make, and can post the message again with a valid one', async () => {
    const { exit, out } = await call(
      ['send', '--message', exampleFile, ...trust, '--json'],
      with_({ COMMUNIQUE_TOKEN: 'ey.not.ours' }),
    );
    const { id, code } = JSON.parse(out) as { id: string; code: string };
    expect({ exit, code }).toEqual({ exit: 1, code: 'refused' });
    expect(await call(['send', '--again', id], with_())).toMatchObject({ exit: 0 });
  });

  it('makes valid tokens for a development gateway, and refuses to make any for another gateway', async () => {
    const environmentFile = system.gatewayEnvironmentFile;
    const out = folder.file('token');
    const made = await call(
      ['token', '--environment', environmentFile, '--subject', 'cli-token', '--out', out],
      with_(),
    );
    expect(made.exit).toBe(0);
    const text = readFileSync(out, 'utf8').trim();
    expect(made.out).not.toContain(text);
    expect([statSync(out).mode & 0o777, statSync(folder.file('system', 'token-key.json')).mode & 0o777]).toEqual([
      0o600, 0o600,
    ]);
    expect(
      await call(
        ['send', '--message', exampleFile, ...trust, '--token-file', out, '--wait'],
        with_({ COMMUNIQUE_TOKEN: '' }),
      ),
    ).toMatchObject({ exit: 0 });
    expect(JSON.stringify(said)).not.toContain(text);
    const shown = JSON.parse((await call(['token', '--environment', environmentFile, '--json'], with_())).out) as {
      token: string;
    };
    expect(
      (await fetch(`${system.gatewayUrl}/api/budget`, { headers: { authorization: `Bearer ${shown.token}` } })).status,
    ).toBe(200);
    // The tokens that the issuer made before are still valid
    expect(
      (await fetch(`${system.gatewayUrl}/api/budget`, { headers: { authorization: `Bearer ${token}` } })).status,
    ).toBe(200);

    const jwks = readFileSync(folder.file('system', 'jwks.json'), 'utf8');
    expect(jwks).not.toContain('"d"');
    const variables = readFileSync(environmentFile, 'utf8');
    const refusedWith = async (content: string, more: Record<string, string> = {}) =>
      refusal(['token', '--environment', file('other.env', content)], with_(more));
    expect(await refusedWith(variables, { NODE_ENV: 'production' })).toEqual([1, 'not_development', undefined]);
    const development = /^NODE_ENV='development'$/m;
    expect(variables).toMatch(development);
    for (const instead of ["NODE_ENV='production'", ''])
      expect(await refusedWith(variables.replace(development, instead))).toEqual([1, 'not_development', undefined]);
    expect(await refusedWith(`${variables}AUTH_JWKS_URL=https://id.example.org/jwks.json\n`)).toEqual([
      1,
      'not_development',
      undefined,
    ]);
    expect(await refusedWith('NODE_ENV=development\n')).toEqual([2, 'not_understood', undefined]);
    expect(await refusal(['token', '--environment', folder.file('nowhere')])).toEqual([
      3,
      'file_unreadable',
      undefined,
    ]);
    expect(readFileSync(folder.file('system', 'jwks.json'), 'utf8')).toBe(jwks);
  });

  it('exits with 3 if the server cannot be reached', async () => {
    const nobody = through('http://127.0.0.1:1');
    expect(await refusal(['verify', ...trust], nobody)).toEqual([3, 'unreachable', undefined]);
    expect(await refusal(['keys', ...trust], nobody)).toEqual([3, 'unreachable', undefined]);
    expect(await refusal(['send', '--message', exampleFile, ...trust], nobody)).toEqual([3, 'unreachable', undefined]);
    expect(
      await refusal(['seal', '--message', exampleFile, '--out', folder.file('not-sealed'), ...trust], nobody),
    ).toEqual([3, 'unreachable', undefined]);
    const id = await sent();
    const stored = kept(id);
    writeFileSync(keptFile(id), JSON.stringify({ ...stored, kept: { ...stored.kept, gateway: 'http://127.0.0.1:1' } }));
    expect(await refusal(['status', id], nobody)).toEqual([3, 'unreachable', undefined]);
  });

  it('takes a policy file in every command, and follows a message under the policy that it was sent under', async () => {
    const policyFile = (acceptedMeasurements: object[], more: object = {}) =>
      file(
        'system/policy.json',
        JSON.stringify({ acceptedMeasurements, developmentRoot: 'development-root.pem', ...more }),
      );
    const good = policyFile([{ pcr0: other, operator: 'any' }, ...system.accepted], { acceptedCustody: ['process'] });
    for (const name of ['verify', 'keys'])
      expect(await call([name, '--policy', good], with_())).toMatchObject({ exit: 0 });
    const seal = ['seal', '--message', exampleFile, '--out', folder.file('by-policy.cbor')];
    expect(await call([...seal, '--policy', good], with_())).toMatchObject({ exit: 0 });
    const { exit, out } = await call(['send', '--message', exampleFile, '--policy', good, '--wait', '--json'], with_());
    const { id } = JSON.parse(out) as { id: string };
    expect(exit).toBe(0);
    const bad = policyFile([{ ...system.accepted[0], pcr8: other }]);
    expect(await refusal(['keys', '--policy', bad])).toEqual([1, 'attestation_refused', 'ERR_ATTESTATION_MEASUREMENT']);
    expect(await call(['status', id], with_())).toMatchObject({ exit: 0 });
    expect(await refusal(['status', id, '--policy', bad])).toEqual([1, 'receipt_refused', 'ERR_RECEIPT_ATTESTATION']);
    expect(await refusal(['keys', '--policy', bad, ...trust])).toEqual([2, 'usage', undefined]);
    const strangers = policyFile([{ pcr0: system.pcr0, pcr3: other }]);
    expect(await refusal(['keys', '--policy', strangers])).toEqual([
      1,
      'attestation_refused',
      'ERR_ATTESTATION_OPERATOR',
    ]);
    expect(await refusal(['send', '--message', exampleFile, '--policy', strangers])).toEqual([
      1,
      'attestation_refused',
      'ERR_ATTESTATION_OPERATOR',
    ]);
    expect(await refusal(['status', id, '--policy', strangers])).toEqual([
      1,
      'receipt_refused',
      'ERR_RECEIPT_ATTESTATION',
    ]);
    expect(await refusal(['keys', '--policy', folder.file('nowhere')])).toEqual([3, 'file_unreadable', undefined]);
  });

  it('lists the messages that were sent from here, the latest first, and asks another gateway if one is named', async () => {
    const id = await sent();
    const { exit, out } = await call(['list', '--json'], { environment: { XDG_STATE_HOME: state } });
    const { messages, broken } = JSON.parse(out) as { messages: { id: string; gateway: string }[]; broken: string[] };
    expect({ exit, broken, latest: messages[0] }).toMatchObject({
      exit: 0,
      broken: [],
      latest: { id, gateway: `${system.gatewayUrl}/` },
    });
    expect(messages.map((message) => message.id).sort()).toEqual(
      readdirSync(join(state, 'communique-tee'))
        .map((name) => name.replace('.json', ''))
        .sort(),
    );
    expect((await call(['list'], with_())).out).toContain(`${id}  sealed `);
    expect(await call(['status', id, '--wait'], with_())).toMatchObject({ exit: 0 });
    expect((await call(['list'], with_())).out).toMatch(new RegExp(`^${id}  sealed \\S+Z  ended: delivered  `, 'm'));
    // The message is still usable after its end was noted.
    expect(await call(['status', id], with_())).toMatchObject({ exit: 0 });
    expect(await call(['list', '--state', folder.file('nothing')], with_())).toMatchObject({
      exit: 0,
      out: expect.stringContaining('No messages are kept') as string,
    });
    expect(await refusal(['status', id, '--gateway', 'http://127.0.0.1:1'])).toEqual([3, 'unreachable', undefined]);
  });

  it('refuses an invalid file without quoting it', async () => {
    const message = readFileSync(exampleFile, 'utf8');
    const sendOf = (path: string) => refusal(['send', '--message', path, ...trust]);
    expect(await sendOf(folder.file('nowhere'))).toEqual([3, 'file_unreadable', undefined]);
    expect(await sendOf(folder.path)).toEqual([3, 'file_unreadable', undefined]);
    expect(await sendOf('/dev/zero')).toEqual([2, 'not_understood', undefined]);
    expect(await sendOf(file('half.json', message.slice(0, 200)))).toEqual([2, 'not_understood', undefined]);
    expect(await sendOf(file('huge.json', message.padEnd(2_000_000)))).toEqual([2, 'not_understood', undefined]);
    const { exit, out } = await call(
      ['send', '--message', file('wrong.json', message.replace('"94601"', '"9460-SECRET"')), ...trust, '--json'],
      with_(),
    );
    expect(JSON.parse(out)).toMatchObject({
      exit: 2,
      code: 'message_invalid',
      problems: [{ pointer: '/constituent/zip' }],
    });
    expect({ exit, secret: out.includes('9460-SECRET') }).toEqual({ exit: 2, secret: false });

    const withTokenFile = (path: string) => refusal(['send', '--message', exampleFile, ...trust, '--token-file', path]);
    expect(await withTokenFile(folder.file('nowhere'))).toEqual([3, 'file_unreadable', undefined]);
    expect(await withTokenFile(file('bad-token', 'SECRET token'))).toEqual([2, 'not_understood', undefined]);
    expect(await withTokenFile(file('huge-token', 'S'.repeat(100_000)))).toEqual([2, 'not_understood', undefined]);
    expect(await refusal(['send', '--message', exampleFile, ...trust], with_({ COMMUNIQUE_TOKEN: '' }))).toEqual([
      2,
      'token_missing',
      undefined,
    ]);
    expect(
      await refusal(['send', '--message', exampleFile, ...trust], with_({ COMMUNIQUE_TOKEN: 'SECRET\ntoken' })),
    ).toEqual([2, 'not_understood', undefined]);
    expect(said.join('')).not.toContain('SECRET');
  });

  it('refuses a kept message that is damaged, changed or missing, and forgets a message on request', async () => {
    const [id, another] = [await sent(), await sent()];
    const whole = readFileSync(keptFile(id), 'utf8');
    for (const broken of [
      '',
      '{',
      whole.slice(0, -20),
      whole.replace('"v": 6', '"v": 5'),
      whole.replace('"ended": null', '"ended": "lost"'),
      whole.replace('"v": 2', '"v": 3'),
      whole.replace('"statusSecret": null', `"statusSecret": "${'A'.repeat(43)}"`),
      whole.replace('"accepted": true', '"accepted": "true"'),
      whole.replace(/"expiresAt": 1/, '"expiresAt": 2'),
      whole.replace(/"answerKey": "./, '"answerKey": "'),
      readFileSync(keptFile(another), 'utf8'),
      ' '.repeat(600_000),
    ]) {
      writeFileSync(keptFile(id), broken);
      expect(await refusal(['status', id])).toEqual([2, 'state_broken', undefined]);
      expect(await refusal(['send', '--again', id])).toEqual([2, 'state_broken', undefined]);
    }
    writeFileSync(keptFile(id), whole);
    expect(await call(['status', id, '--wait'], with_())).toMatchObject({ exit: 0 });
    expect(await refusal(['status', unknownId])).toEqual([2, 'message_unknown', undefined]);
    expect(await refusal(['status', '../../etc/passwd'])).toEqual([2, 'usage', undefined]);
    expect(await call(['status', id, '--forget'], with_())).toMatchObject({ exit: 0 });
    expect(existsSync(keptFile(id))).toBe(false);
    const { exit, out } = await call(
      ['send', '--message', exampleFile, ...trust, '--state', file('no-folder', ''), '--json'],
      with_(),
    );
    expect({ exit, code: (JSON.parse(out) as { code: string }).code }).toEqual({ exit: 3, code: 'file_unwritable' });
  });

  it('says that a message was not sent if the gateway refuses it, and how to post it again', async () => {
    const wrong = with_({ COMMUNIQUE_TOKEN: 'wrong' });
    const { exit, err } = await call(['send', '--message', exampleFile, ...trust], wrong);
    const id = /message ([0-9a-f-]{36})/.exec(err)?.[1] ?? '';
    expect([exit, err]).toEqual([
      1,
      expect.stringMatching(/unauthenticated[^]*It was not sent\.[^]*send --again/) as string,
    ]);
    expect(err).not.toContain('To see where it is');
    const { out } = await call(['send', '--message', exampleFile, ...trust, '--json'], wrong);
    expect(JSON.parse(out)).toMatchObject({ code: 'refused', reason: 'unauthenticated', sent: 'not_sent' });
    expect(await call(['send', '--again', id], with_())).toMatchObject({ exit: 0 });
    const untrusted = ['send', '--message', exampleFile, '--pcr0', other, ...trust.slice(2)];
    expect((await call(untrusted, with_())).err).toMatch(/attestation_refused[^]*It was not sent\.\n$/);
  });

  it('does not claim to know whether a message was sent if it is interrupted during the post, and reports the message as accepted if it is interrupted later', async () => {
    const send = ['send', '--message', exampleFile, ...trust, '--wait'];
    for (const [path, words] of [
      ['/api/messages', 'We do not know yet whether it was sent.'],
      ['/api/messages/', 'The gateway has it.'],
    ] as const) {
      const stop = new AbortController();
      liar.tamper = (asked, body) => {
        if (path.endsWith('/') ? !asked.startsWith(path) : asked !== path) return body;
        stop.abort();
        return new Promise(() => undefined);
      };
      const { exit, err } = await call(send, { ...through(liar.url), signal: stop.signal });
      expect([exit, err]).toEqual([130, expect.stringContaining(words) as string]);
      expect(err).toContain('To see where it is');
    }
    liar.tamper = (_path, body) => body;
  });

  it('exits with 130 if it is interrupted, and the message can still be followed', async () => {
    const stop = new AbortController();
    const id = await sent(through(liar.url));
    // From here on the gateway does not answer
    liar.tamper = () => {
      stop.abort();
      return new Promise(() => undefined);
    };
    for (const argv of [
      ['status', id, '--wait'],
      ['keys', ...trust],
    ])
      expect(await call(argv, { ...through(liar.url), signal: stop.signal })).toMatchObject({ exit: 130, out: '' });
    liar.tamper = (_path, body) => body;
    expect(await call(['status', id, '--wait'], with_())).toMatchObject({ exit: 0 });
  });

  it('exits with 4 while a message is on its way, and seals it again under the same id if the enclave lost the key', async () => {
    // Kills the enclave between the attestation and the post. Uses another gateway, because a command that was interrupted above may still
    // ask the first one.
    const killer = await startTamperingGateway(system.gatewayUrl);
    killer.tamper = async (path, body) => {
      if (path.startsWith('/attestation/configuration')) await system.kill('enclave');
      return body;
    };
    const id = await sent(through(killer.url));
    killer.tamper = (_path, body) => body;
    for (const argv of [
      ['status', id],
      ['status', id, '--wait=0'],
      ['send', '--again', id, '--wait=0'],
    ])
      expect(await call(argv, with_())).toMatchObject({
        exit: 4,
        out: expect.stringContaining(`ON ITS WAY  ${id}`) as string,
      });
    expect(await refusal(['status', id, '--receipt', folder.file('no-receipt')])).toEqual([
      3,
      'file_unwritable',
      undefined,
    ]);
    const first = kept(id);
    expect(await refusal(['send', '--again', id, '--message', exampleFile])).toEqual([1, 'not_retired', undefined]);
    expect(kept(id)).toEqual(first);
    await system.start('enclave');
    expect(await call(['status', id, '--wait'], with_())).toMatchObject({
      exit: 1,
      out: expect.stringMatching(/^NOT DELIVERED[^]*key_retired[^]*send --again/) as string,
    });
    const again = await call(['send', '--again', id, '--message', exampleFile, '--wait'], with_());
    expect(again).toMatchObject({ exit: 0, out: expect.stringContaining(`DELIVERED  ${id}`) as string });
    expect(kept(id).deliverySecret).toBe(first.deliverySecret);
    expect(kept(id).sealed).not.toBe(first.sealed);
    await killer.stop();
  });

  it('prints no token and nothing of a message in all tests of this file', () => {
    const everything = said.join('\n');
    for (const secret of [token, 'more public parks', 'Example Street', 'example.constituent', 'Oakland'])
      expect(everything).not.toContain(secret);
  });

  it('runs with any Node and in any folder, with the right exit code, and only JSON on standard output', async () => {
    const bin = join(workspaceRoot(), 'tools/cli/bin.mjs');
    file('beside.pem', readFileSync(folder.file('system', 'development-root.pem')));
    const run = (argv: readonly string[]) =>
      new Promise<{ exit: number; out: string; err: string }>((done) => {
        execFile(
          process.execPath,
          [bin, ...argv],
          { cwd: folder.path, env: { ...process.env, ...with_().environment } },
          (error, out, err) => {
            done({ exit: error === null ? 0 : Number(error.code), out, err });
          },
        );
      });
    const good = await run([
      'keys',
      '--pcr0',
      system.pcr0,
      '--pcr3',
      system.pcr3,
      '--development-root',
      'beside.pem',
      '--json',
    ]);
    expect(JSON.parse(good.out)).toMatchObject({ attested: { pcr0: system.pcr0 } });
    expect(good).toMatchObject({ exit: 0, err: '' });
    expect(await run(['keys', '--pcr0', other, '--any-operator', '--development-root', 'beside.pem'])).toMatchObject({
      exit: 1,
      out: '',
      err: expect.stringContaining('ERR_ATTESTATION_MEASUREMENT') as string,
    });
    expect(await run(['nonsense'])).toMatchObject({ exit: 2, out: '' });
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
