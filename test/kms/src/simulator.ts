import { createServer } from 'node:https';
import { testAuthority } from '@communique-tee/congress-simulator';
import { closeServer, guarded, listenOnLoopback } from '@communique-tee/testing/harness';
import { checkedPolicy, type PolicyInput } from './authorization/policy';
import { FaultSchedule } from './faults/schedule';
import { KeyStore, type KeyState, type SimulatedKey } from './keys/key-store';
import { recipientVerifier } from './recipient/attestation';
import type { EnvelopeForm } from './recipient/enveloped-data';
import { RequestLog, type KmsRequestRecord } from './requests';
import { KmsServer } from './server/kms-server';
import { takeCredentials, type SimulatedCredentials } from './signature/credentials';

export interface KmsSimulatorOptions {
  region: string;
  /** The account that owns the keys, 12 digits */
  account: string;
  /** Each key has an alias, `alias/...`, and a policy (JSON text or object) without placeholders. */
  keys?: readonly { alias: string; policy: PolicyInput }[];
  credentials: readonly SimulatedCredentials[];
  /** The root to which attestation documents must chain. */
  trustAnchorPem: string;
  /** The simulator's clock; default Date.now. */
  nowMs?: () => number;
  /** Default 0: a free port. */
  port?: number;
  /** The form of CiphertextForRecipient; default `kms`. */
  envelope?: EnvelopeForm;
}

export interface KmsSimulator {
  /** `https://localhost:<port>` */
  origin: string;
  /** PEM of the authority that issued the server's certificate. */
  certificateAuthority: string;
  /** Returns the requests since the start or since `clearRequests`, oldest first; only the newest 10,000 are kept. */
  requests(): KmsRequestRecord[];
  clearRequests(): void;
  faults: Pick<FaultSchedule, 'add' | 'clear' | 'counts'>;
  createKey(options: { policy: PolicyInput; alias?: string }): { keyId: string; arn: string };
  /** Returns the ARN of the key that an alias, key id or ARN names. */
  keyArn(key: string): string;
  setPolicy(key: string, policy: PolicyInput): void;
  /** Points a new or existing alias at a key, as a caller with kms:CreateAlias or kms:UpdateAlias can. */
  pointAlias(alias: string, key: string): void;
  setKeyState(key: string, state: KeyState): void;
  /** Adds credentials, or replaces the credentials of the same access key. */
  setCredentials(credentials: SimulatedCredentials): void;
  removeCredentials(accessKeyId: string): void;
  /** @throws KmsSimulatorError `failed` if a bug of the simulator occurred in a request */
  close(): Promise<void>;
}

/** `production`: NODE_ENV is `production`. `listen_failed`: the port cannot be used. `failed`: the simulator has a bug. */
export class KmsSimulatorError extends Error {
  override readonly name = 'KmsSimulatorError';
  constructor(
    readonly code: 'production' | 'options' | 'listen_failed' | 'failed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Starts a simulator of AWS KMS for tests: an HTTPS server on loopback. All code in this process can read its keys.
 * @throws KmsSimulatorError; TypeError for a policy, alias or principal that AWS refuses; AttestationError ERR_ATTESTATION_TRUST_ANCHOR
 */
export async function startKmsSimulator(options: KmsSimulatorOptions): Promise<KmsSimulator> {
  if (process.env['NODE_ENV'] === 'production')
    throw new KmsSimulatorError('production', 'the KMS simulator does not start with NODE_ENV=production');
  const { region, account, nowMs = Date.now } = options;
  if (!/^[a-z]{2}(-[a-z]+)+-[0-9]$/.test(region) || !/^[0-9]{12}$/.test(account))
    throw new KmsSimulatorError('options', 'region must be a name like us-east-1, and account must have 12 digits');
  const keys = new KeyStore(region, account);
  for (const { alias, policy } of options.keys ?? []) keys.create(checkedPolicy('key', policy), nowMs(), alias);
  const credentials = new Map(options.credentials.map((each) => [each.accessKeyId, takeCredentials(each)]));
  const [faults, requests] = [new FaultSchedule(), new RequestLog()];
  const kms = new KmsServer({
    region,
    account,
    keys,
    credentials,
    recipients: recipientVerifier(options.trustAnchorPem),
    faults,
    requests,
    envelope: options.envelope ?? 'kms',
    nowMs,
  });

  const authority = await testAuthority();
  const certificate = await authority.issue({
    names: ['localhost', '127.0.0.1', '::1', `kms.${region}.amazonaws.com`],
  });
  const server = createServer(
    { key: certificate.privateKeyPem, cert: certificate.certificatePem, minVersion: 'TLSv1.2' },
    guarded((...exchange) => kms.handle(...exchange)),
  );
  const { port: wanted = 0 } = options;
  const port = await listenOnLoopback(
    server,
    wanted,
    (cause) => new KmsSimulatorError('listen_failed', `cannot listen on port ${wanted}`, { cause }),
  );
  const find = (name: string): SimulatedKey => keys.find(name).key;

  return {
    origin: `https://localhost:${port}`,
    certificateAuthority: authority.certificatePem,
    requests: () => requests.all(),
    clearRequests: () => requests.clear(),
    faults,
    createKey: ({ policy, alias }) => {
      const { keyId, arn } = keys.create(checkedPolicy('key', policy), nowMs(), alias);
      return { keyId, arn };
    },
    keyArn: (name) => find(name).arn,
    setPolicy: (name, policy) => void (find(name).policy = checkedPolicy('key', policy)),
    pointAlias: (alias, name) => keys.point(alias, find(name)),
    setKeyState: (name, state) => void (find(name).state = state),
    setCredentials: (given) => void credentials.set(given.accessKeyId, takeCredentials(given)),
    removeCredentials: (accessKeyId) => void credentials.delete(accessKeyId),
    close: async () => {
      await closeServer(server);
      const [cause] = kms.mistakes.splice(0);
      if (cause !== undefined)
        throw new KmsSimulatorError('failed', 'a bug of the simulator occurred in a request', { cause });
    },
  };
}
