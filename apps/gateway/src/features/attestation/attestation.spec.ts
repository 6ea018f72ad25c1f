import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import {
  attestationViewSchema,
  encodeKeyBinding,
  encodePublicConfiguration,
  publicConfigurationSchema,
} from '@communique-tee/protocol';
import { keyIdOf } from '@communique-tee/crypto';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { verifyAttestation, unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { createHash } from 'node:crypto';
import type { GatewayConfig } from '../../core/config/gateway-config';
import { EnclaveClients } from '../enclave/enclave-clients';
import { TestEnclave, answer, cut, problem, type Behaviour } from '../enclave/testing/test-enclave';
import { Logger } from '../../core/telemetry/logger';
import { AttestationController } from './attestation.controller';
import { AttestationDocuments } from './attestation-documents';
import { CONFIGURATION_EXAMPLE } from './attestation-examples';
import { AttestationJudge } from './attestation-judge';
import { AttestationMonitor } from './attestation-monitor';
import { Metrics } from '../../core/telemetry/metrics';
import { EnclaveMetrics } from '../enclave/enclave-metrics';
import { EnclaveConfigurations } from './enclave-configurations';

const quiet = new Logger({ log: { level: 'silent' } }, { write: () => undefined });
const publicKey = new Uint8Array(32).fill(1);
const bound = {
  keyId: keyIdOf(publicKey),
  receiptKey: new Uint8Array(32),
  custody: 'process',
  configSha256: new Uint8Array(32),
};
const keyBinding = encodeKeyBinding(bound);
const nonceOf = (hex: string | null) => (hex === null ? {} : { nonce: new Uint8Array(Buffer.from(hex, 'hex')) });

describe('attestation', () => {
  let folder: TemporaryFolder;
  let nsm: Nsm;
  let rootPem: string;
  let enclave: TestEnclave;
  let clients: EnclaveClients;

  const attesting =
    (by: Nsm = nsm, userData: Uint8Array | undefined = keyBinding): Behaviour =>
    async ({ query }, response) => {
      answer(
        response,
        200,
        'application/cose',
        await by.attest({
          ...nonceOf(query.get('nonce')),
          ...(userData === undefined ? {} : { userData }),
          publicKey,
        }),
      );
    };
  const configOf = (
    attestation: Partial<GatewayConfig['attestation']> = {},
  ): Pick<GatewayConfig, 'attestation' | 'enclave'> => ({
    enclave: { addresses: [`unix:${folder.file('enclave')}`], timeoutMs: 20_000 },
    attestation: {
      verify: true,
      acceptedMeasurements: [developmentMeasurements],
      trustAnchorPem: rootPem,
      cacheMs: 60_000,
      maxAgeMs: 60_000,
      ...attestation,
    },
  });

  beforeAll(async () => {
    folder = await temporaryFolder();
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    rootPem = await developmentRootPem(folder.file('root'));
  });
  afterAll(() => folder.remove());
  beforeEach(async () => {
    enclave = new TestEnclave({ kind: 'unix', path: folder.file('enclave') }, attesting());
    await enclave.start();
    clients = new EnclaveClients(configOf(), new EnclaveMetrics(new Metrics()));
  });
  afterEach(async () => {
    clients.onApplicationShutdown();
    await enclave.stop();
  });

  describe('GET /attestation', () => {
    const headers = new Map<string, string>();
    const reply = {
      type: (value: string) => headers.set('content-type', value),
      header: (name: string, value: string) => headers.set(name, value),
    };
    const controllerWith = (attestation: Partial<GatewayConfig['attestation']> = {}) =>
      new AttestationController(
        new AttestationDocuments(
          configOf(attestation),
          new AttestationMonitor(clients, new AttestationJudge(configOf(attestation)), quiet),
        ),
        new EnclaveConfigurations(clients),
      );
    beforeEach(() => {
      headers.clear();
    });

    it('passes on a document that verifies with the client’s nonce', async () => {
      const nonce = new Uint8Array(16).fill(0xab);
      const document = await controllerWith().get('AB'.repeat(16), 'application/cose', reply);
      if (!(document instanceof Uint8Array)) throw new Error('not bytes');
      expect(headers).toEqual(
        new Map([
          ['content-type', 'application/cose'],
          ['cache-control', 'no-store'],
        ]),
      );
      const policy = {
        acceptedMeasurements: [developmentMeasurements],
        freshness: { nonce },
        maxAgeMs: 60_000,
        maxFutureSkewMs: 5000,
        trustAnchor: unsafeTrustAnchorFromPem(rootPem),
      } as const;
      expect(await verifyAttestation(new Uint8Array(document), policy)).toMatchObject({
        pcr0: developmentMeasurements.pcr0,
      });
    });

    it('shows the content of the document as JSON', async () => {
      const view = attestationViewSchema.strict().parse(await controllerWith().get('ab'.repeat(64), undefined, reply));
      expect(Object.keys(view.pcrs).sort()).toEqual(['0', '1', '2', '3']);
      expect(view.pcrs['3']).toBe(developmentMeasurements.pcr3);
      expect(view.pcrs['0']).toBe(developmentMeasurements.pcr0);
      expect(view.cabundle.length).toBeGreaterThan(1);
      expect(view.timestamp).toBeGreaterThan(0);
      expect(headers.get('content-type')).toBe('application/json');
    });

    it.each([
      ['a word', 'xyz'],
      ['nothing', ''],
      ['15 bytes', 'ab'.repeat(15)],
      ['65 bytes', 'ab'.repeat(65)],
      ['half a byte', `${'ab'.repeat(16)}a`],
      ['two nonces', ['ab'.repeat(16), 'ab'.repeat(16)]],
      ['an object', { a: 1 }],
    ])('refuses as a nonce: %s', async (_what, nonce) => {
      await expect(controllerWith().get(nonce, undefined, reply)).rejects.toMatchObject({ code: 'nonce_invalid' });
      expect(enclave.requests).toEqual([]);
    });

    it('refuses a media type that it does not offer', async () => {
      await expect(controllerWith().get(undefined, 'text/html', reply)).rejects.toMatchObject({
        code: 'not_acceptable',
      });
    });

    it('asks the enclave once for many requests without a nonce', async () => {
      const controller = controllerWith();
      const all = await Promise.all(
        Array.from({ length: 10 }, () => controller.get(undefined, 'application/cose', reply)),
      );
      expect(await controller.get(undefined, 'application/cose', reply)).toEqual(all[0]);
      expect(enclave.requests.map(({ query }) => query.get('nonce'))).toEqual([null]);
    });

    it('asks again when the shared document is too old, and after a failure', async () => {
      const controller = controllerWith({ cacheMs: 0 });
      await controller.get(undefined, undefined, reply);
      enclave.behaviour = cut;
      await expect(controller.get(undefined, undefined, reply)).rejects.toMatchObject({ code: 'enclave_unavailable' });
      enclave.behaviour = attesting();
      await controller.get(undefined, undefined, reply);
      expect(enclave.requests).toHaveLength(3);
    });

    it('never shares a document that was requested with a nonce', async () => {
      const controller = controllerWith();
      for (let round = 0; round < 2; round++) await controller.get('ab'.repeat(16), undefined, reply);
      expect(enclave.requests).toHaveLength(2);
    });

    it.each<[string, Behaviour, string]>([
      [
        'a document for another nonce',
        async (_request, response) => {
          answer(response, 200, 'application/cose', await nsm.attest({ nonce: new Uint8Array(16) }));
        },
        'enclave_answer_invalid',
      ],
      [
        'a document without a nonce',
        async (_request, response) => {
          answer(response, 200, 'application/cose', await nsm.attest({}));
        },
        'enclave_answer_invalid',
      ],
      [
        'no document',
        (_request, response) => {
          answer(response, 200, 'application/cose', 'garbage');
        },
        'enclave_answer_invalid',
      ],
      [
        'another type',
        (_request, response) => {
          answer(response, 200, 'text/html', 'garbage');
        },
        'enclave_answer_invalid',
      ],
      ['a busy enclave', problem('enclave_busy', 3), 'enclave_busy'],
      ['a broken enclave', problem('internal_error'), 'enclave_unavailable'],
      ['a cut connection', cut, 'enclave_unavailable'],
    ])('does not pass on: %s', async (_what, behaviour, code) => {
      enclave.behaviour = behaviour;
      await expect(controllerWith().get('ab'.repeat(16), undefined, reply)).rejects.toMatchObject({
        name: 'ProblemError',
        code,
      });
    });

    it.each([
      ['checks a trusted enclave that no longer has keys', 'keys_not_ready', { trusted: true, checks: 1 }],
      ['does not check a trusted enclave that is busy', 'enclave_busy', { trusted: true, checks: 0 }],
      ['does not check an enclave that is not trusted', 'keys_not_ready', { trusted: false, checks: 0 }],
    ] as const)('%s', async (_what, code, { trusted, checks }) => {
      const monitor = new AttestationMonitor(clients, new AttestationJudge(configOf()), quiet);
      if (trusted) await monitor.checkNow();
      // The monitor's timers would check too
      await monitor.beforeApplicationShutdown();
      const [watched] = monitor.enclaves;
      if (!watched) throw new Error('no enclave');
      const checkNow = jest.spyOn(watched, 'checkNow');
      enclave.behaviour = problem(code, 1);
      const documents = new AttestationDocuments(configOf(), monitor);
      await expect(documents.fresh(new Uint8Array(16))).rejects.toMatchObject({ code });
      expect(checkNow).toHaveBeenCalledTimes(checks);
    });

    it('limits how many requests for documents wait for the NSM', async () => {
      const held: (() => void)[] = [];
      enclave.behaviour = async (request, response) => {
        await new Promise<void>((resolve) => held.push(resolve));
        await attesting()(request, response);
      };
      const controller = controllerWith();
      const crowd = Array.from({ length: 33 }, () => controller.get('ab'.repeat(16), undefined, reply));
      await expect(Promise.race(crowd)).rejects.toMatchObject({ code: 'enclave_busy', retryAfterSeconds: 5 });
      for (let round = 0; round < 600 && held.length < 32; round++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      held.forEach((release) => {
        release();
      });
      expect((await Promise.allSettled(crowd)).filter(({ status }) => status === 'fulfilled')).toHaveLength(32);
      enclave.behaviour = attesting();
      await controller.get('ab'.repeat(16), undefined, reply);
    });
  });

  describe('AttestationMonitor', () => {
    const lines: string[] = [];
    let monitors: AttestationMonitor[] = [];
    const monitorWith = (attestation: Partial<GatewayConfig['attestation']> = {}) => {
      const made = new AttestationMonitor(
        clients,
        new AttestationJudge(configOf(attestation)),
        new Logger({ log: { level: 'debug' } }, { write: (line) => lines.push(line) }),
      );
      monitors.push(made);
      return made;
    };
    afterEach(async () => {
      await Promise.all(monitors.map((monitor) => monitor.beforeApplicationShutdown()));
      monitors = [];
      lines.length = 0;
    });

    const documents = () => enclave.requests.filter(({ path }) => path === '/attestation');

    it('trusts no enclave before its first check', () => {
      expect(monitorWith().state()).toEqual({ kind: 'starting' });
      expect(monitorWith().isTrusted()).toBe(false);
    });

    it('trusts the expected enclave, and asks with a new nonce each time', async () => {
      const monitor = monitorWith();
      let called = 0;
      monitor.onTrusted(() => called++);
      await monitor.checkNow();
      await monitor.checkNow();
      expect(monitor.state()).toMatchObject({
        kind: 'verified',
        pcr0: developmentMeasurements.pcr0,
        ageMs: expect.any(Number) as number,
      });
      expect(monitor.isTrusted()).toBe(true);
      expect(called).toBe(1);
      expect(new Set(documents().map(({ query }) => query.get('nonce'))).size).toBe(2);
    });

    it('refuses an enclave whose configuration does not match its document, and keeps only a matching configuration', async () => {
      const example = publicConfigurationSchema.parse(CONFIGURATION_EXAMPLE.value);
      const served = { ...example, legacySuite: false };
      const configuration = encodePublicConfiguration(served);
      const configSha256 = createHash('sha256').update(configuration).digest();
      const { custody } = served;
      enclave.behaviour = attesting(nsm, encodeKeyBinding({ ...bound, custody, configSha256 }));
      const [client] = clients.all;
      const asked = jest
        .spyOn(client, 'configuration')
        .mockResolvedValueOnce({ kind: 'answer', answer: Buffer.from('{"of":"another image"}') })
        .mockResolvedValue({ kind: 'answer', answer: configuration });
      const judge = new AttestationJudge(configOf());
      expect(await judge.judge(client)).toEqual({ kind: 'refused', code: 'configuration_mismatch' });
      expect(await judge.judge(client)).toMatchObject({ kind: 'verified', configuration: { custody } });
      await judge.judge(client);
      expect(asked).toHaveBeenCalledTimes(2);
    });

    it('accepts any of the listed measurements', async () => {
      const monitor = monitorWith({
        acceptedMeasurements: [{ pcr0: 'ab'.repeat(48), operator: 'any' }, developmentMeasurements],
      });
      await monitor.checkNow();
      expect(monitor.isTrusted()).toBe(true);
    });

    it('runs one check for simultaneous callers', async () => {
      const monitor = monitorWith();
      await Promise.all([monitor.checkNow(), monitor.checkNow(), monitor.checkNow()]);
      expect(documents()).toHaveLength(1);
    });

    const debugging = async () =>
      createNsm(
        await createMockNsmTransport({
          rootFolder: folder.file('root'),
          pcrs: new Map([0, 1, 2].map((index) => [index, new Uint8Array(48)])),
        }),
      );
    const otherRoot = async () => createNsm(await createMockNsmTransport({ rootFolder: folder.file('another-root') }));
    it.each<[string, Partial<GatewayConfig['attestation']>, () => Behaviour | Promise<Behaviour>, string]>([
      [
        'another measurement',
        { acceptedMeasurements: [{ pcr0: 'ab'.repeat(48), operator: 'any' }] },
        attesting,
        'ERR_ATTESTATION_MEASUREMENT',
      ],
      [
        'the accepted image under another operator',
        { acceptedMeasurements: [{ ...developmentMeasurements, pcr3: 'ab'.repeat(48) }] },
        attesting,
        'ERR_ATTESTATION_OPERATOR',
      ],
      ['debug mode', {}, async () => attesting(await debugging()), 'ERR_ATTESTATION_DEBUG'],
      ['another root', {}, async () => attesting(await otherRoot()), 'ERR_ATTESTATION_ROOT'],
      [
        'a replayed document',
        {},
        async () => {
          const old = await nsm.attest({ nonce: new Uint8Array(32), userData: keyBinding });
          return (_request, response) => {
            answer(response, 200, 'application/cose', old);
          };
        },
        'ERR_ATTESTATION_NONCE',
      ],
      ['no key binding', {}, () => attesting(nsm, new Uint8Array([1, 2, 3])), 'key_binding_invalid'],
      [
        'garbage',
        {},
        () => (_request, response) => {
          answer(response, 200, 'application/cose', 'garbage');
        },
        'ERR_ATTESTATION_CBOR',
      ],
      [
        'another type',
        {},
        () => (_request, response) => {
          answer(response, 200, 'text/html', 'x');
        },
        'enclave_answer_invalid',
      ],
    ])('refuses %s and names the check that failed', async (_what, attestation, behaviour, code) => {
      enclave.behaviour = await behaviour();
      const monitor = monitorWith(attestation);
      await monitor.checkNow();
      expect(monitor.state()).toMatchObject({ kind: 'refused', code: expect.stringContaining(code) as string });
      expect(monitor.isTrusted()).toBe(false);
      expect(lines.some((line) => line.includes('attestation refused') && line.includes(code))).toBe(true);
    });

    it('stops trusting an enclave when another one replaces it or it is unreachable', async () => {
      const monitor = monitorWith();
      await monitor.checkNow();
      enclave.behaviour = attesting(await debugging());
      await monitor.checkNow();
      expect(monitor.isTrusted()).toBe(false);
      enclave.behaviour = attesting();
      await monitor.checkNow();
      expect(monitor.isTrusted()).toBe(true);
      await enclave.stop();
      await monitor.checkNow();
      expect(monitor.state()).toMatchObject({ kind: 'unreachable' });
      expect(monitor.isTrusted()).toBe(false);
    });

    it('calls onMet if an enclave that had keys now waits for them', async () => {
      const [watched] = monitorWith().enclaves;
      if (!watched) throw new Error('no enclave');
      enclave.behaviour = problem('keys_not_ready', 1);
      const met = jest.fn();
      await watched.checkNow();
      watched.onMet(met);
      await watched.checkNow();
      expect(met).not.toHaveBeenCalled();
      watched.noteKeys({ custody: 'x', state: 'ready', current: null, currentSince: null, held: [], kms: null });
      await watched.checkNow();
      expect(met).toHaveBeenCalledTimes(1);
    });

    it('stops trusting an enclave that was not checked for a minute', async () => {
      const monitor = monitorWith();
      await monitor.checkNow();
      expect(monitor.isTrusted()).toBe(true);
      const later = performance.now() + 61_000;
      const clock = jest.spyOn(performance, 'now').mockReturnValue(later);
      try {
        expect(monitor.isTrusted()).toBe(false);
        expect(monitor.state()).toMatchObject({ kind: 'verified' });
      } finally {
        clock.mockRestore();
      }
    });

    it('checks on a schedule, and notices when an enclave returns', async () => {
      await enclave.stop();
      const monitor = monitorWith();
      const trusted = new Promise<void>((resolve) => {
        monitor.onTrusted(resolve);
      });
      monitor.onApplicationBootstrap();
      await monitor.checkNow();
      expect(monitor.state()).toMatchObject({ kind: 'unreachable' });
      await enclave.start();
      await trusted;
      expect(monitor.isTrusted()).toBe(true);
    });

    it('reports that it is off, and requests no document', async () => {
      const monitor = monitorWith({ verify: false, acceptedMeasurements: [] });
      monitor.onApplicationBootstrap();
      await monitor.checkNow();
      expect(monitor.state()).toEqual({ kind: 'off' });
      expect(monitor.isTrusted()).toBe(true);
      expect(enclave.requests).toEqual([]);
      expect(lines.some((line) => line.includes('verification is switched off'))).toBe(true);
    });

    it('refuses a configuration without accepted measurements', () => {
      expect(() => monitorWith({ acceptedMeasurements: [] })).toThrow('no accepted measurement');
    });
  });
});
