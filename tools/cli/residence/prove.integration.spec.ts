import { congressAt, formatDistrict, VERIFICATION_KEY_SHA256 } from '@communique-tee/residence';
import {
  campaignNoteOf,
  describeProving,
  listOf,
  ListServer,
  registrationOf,
  TEN,
  TEST_MAX_CAMPAIGN_DAYS,
  TEST_REGISTRAR,
} from '@communique-tee/residence/testing';
import { createVerifier } from '@communique-tee/residence/verifier';
import { messageInput, openRootNote, registrarOf } from '@communique-tee/residence';
import { encodeSealedMessage, toHex } from '@communique-tee/protocol';
import { TestGateway, testMessage } from '@communique-tee/client/testing';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createCaller } from '../testing/call';

const DAY = 86_400;

describeProving('prove and send --residence', () => {
  const { call, said } = createCaller();
  const now = Math.floor(Date.now() / 1000);
  const window = { notBefore: now - DAY, notAfter: now + 10 * DAY };
  const district = formatDistrict({ congress: congressAt(now), state: 'CA', seat: 12 });
  const person = { ...TEN[9], district };
  let folder: TemporaryFolder;
  let gateway: TestGateway;
  let list: ListServer;
  let trust: string[];
  let state: string;

  beforeAll(async () => {
    folder = await temporaryFolder('prove');
    gateway = await TestGateway.start();
    list = await ListServer.start(listOf([TEN[0], person], window));
    gateway.listAddress = list.url;
    gateway.residence = {
      mode: 'required',
      registrar: TEST_REGISTRAR.id,
      keys: TEST_REGISTRAR.verifierKeys,
      maxCampaignDays: TEST_MAX_CAMPAIGN_DAYS,
      verificationKeySha256: VERIFICATION_KEY_SHA256,
    };
    state = folder.file('state');
    mkdirSync(state, { mode: 0o700 });
    const identity = { v: 1, secret: toHex(person.secret), registration: registrationOf(person), list: null };
    writeFileSync(folder.file('state/residence.json'), JSON.stringify(identity), { mode: 0o600 });
    writeFileSync(folder.file('campaign.note'), campaignNoteOf('c1', window));
    writeFileSync(folder.file('message.json'), JSON.stringify(testMessage()));
    writeFileSync(folder.file('root.pem'), gateway.policy.unsafeDevelopmentRootPem ?? '');
    const [{ pcr0, pcr3 = '' }] = gateway.policy.acceptedMeasurements;
    trust = ['--pcr0', pcr0, '--pcr3', pcr3, '--development-root', folder.file('root.pem'), '--gateway', gateway.url];
  });
  afterAll(async () => {
    await gateway.stop();
    await list[Symbol.asyncDispose]();
    await folder.remove();
  });

  const proving = () => ['--state', state, '--campaign-note', folder.file('campaign.note'), ...trust, '--json'];

  it('writes one JSON value, reads the list once, and sends nothing', async () => {
    const { exit, out, err } = await call(['prove', ...proving()]);
    expect([exit, JSON.parse(out)]).toEqual([
      0,
      {
        proven: true,
        registrar: 'test-registrar',
        campaign: 'c1',
        district,
        offices: ['HCA12', 'SCA01', 'SCA03'],
        until: new Date(window.notAfter * 1000).toISOString(),
        proof_bytes: 6848,
        took_ms: expect.any(Number) as number,
      },
    ]);
    // The offices are printed before anything is proven.
    expect(err.indexOf('HCA12')).toBeLessThan(err.indexOf('proving'));
    const requests = list.requests.length;
    expect((await call(['prove', ...proving()])).exit).toBe(0);
    expect(list.requests).toHaveLength(requests);
    expect(gateway.posted).toEqual([]);
  });

  it('sends a message without a token and with a valid proof, and follows it by the kept status secret', async () => {
    const { exit, out } = await call(['send', '--residence', '--message', folder.file('message.json'), ...proving()]);
    expect([exit, out]).toEqual([0, expect.stringContaining('"proven": true')]);
    const { id } = JSON.parse(out) as { id: string };
    const { message, residence, token } = gateway.posted[0]!;
    expect(token).toBeUndefined();
    const verifier = await createVerifier({ workers: 1, maxQueued: 1 });
    try {
      const by = registrarOf(TEST_REGISTRAR.id, TEST_REGISTRAR.verifierKeys);
      const inputs = {
        root: openRootNote(residence!.rootNote, by).root,
        nullifier: message.nullifier!,
        claim: residence!.claim,
        message: messageInput(residence!.statusSha256, encodeSealedMessage(message)),
      };
      expect(await verifier.verify(inputs, residence!.proof)).toEqual({ valid: true });
    } finally {
      await verifier.close();
    }
    expect(await call(['status', id, '--wait', '--state', state, '--json'])).toMatchObject({ exit: 0 });
    expect(gateway.asked.at(-1)).toMatchObject({ token: undefined });
    // The gateway accepts the same bytes again, but no second message of the campaign.
    expect((await call(['send', '--again', id, '--state', state, '--json'])).exit).toBe(0);
    const second = await call(['send', '--residence', '--message', folder.file('message.json'), ...proving()]);
    expect([second.exit, second.out]).toEqual([1, expect.stringContaining('already_sent')]);
    // The list shows the first message and its end, but not the message that was permanently refused.
    const { messages } = JSON.parse((await call(['list', '--state', state, '--json'])).out) as { messages: object[] };
    expect(messages).toEqual([expect.objectContaining({ id, ended: 'delivered' })]);
    // The kept first message causes this warning before the second proof
    expect(second.err).toMatch(new RegExp(`you sent ${id} in this campaign before[^]*  proving`));
    const asText = [
      'send',
      '--residence',
      '--message',
      folder.file('message.json'),
      ...proving().filter((arg) => arg !== '--json'),
    ];
    expect((await call(asText)).err).not.toContain('--again');
  });

  it('exits with 2 before it proves if an office is not of the proven district, and names the district’s offices', async () => {
    const file = folder.file('other.json');
    writeFileSync(file, JSON.stringify({ ...testMessage(), offices: ['HCA13'] }));
    const { exit, out, err } = await call(['send', '--residence', '--message', file, ...proving()]);
    expect([exit, out]).toEqual([2, expect.stringContaining('office_not_of_district')]);
    expect(err).not.toContain('proving');
    const asText = await call([
      'send',
      '--residence',
      '--message',
      file,
      ...proving().filter((arg) => arg !== '--json'),
    ]);
    expect(asText.err).toContain('/offices/0: the proven district has HCA12, SCA01, SCA03');
  });

  it('fails with a code and one JSON value if the person is not on the list, and prints no secret', async () => {
    list.files = listOf([TEN[0]], window);
    const identity = JSON.parse(readFileSync(folder.file('state/residence.json'), 'utf8')) as object;
    writeFileSync(folder.file('state/residence.json'), JSON.stringify({ ...identity, list: null }));
    const { exit, out } = await call(['prove', ...proving()]);
    expect([exit, JSON.parse(out)]).toMatchObject([3, { ok: false, reason: 'ERR_RESIDENCE_NOT_LISTED' }]);
    for (const secret of [person.secret, person.salt].map(toHex)) {
      expect(said.join('')).not.toContain(secret);
      expect(said.join('')).not.toContain(BigInt(`0x${secret}`).toString());
    }
  });
});
