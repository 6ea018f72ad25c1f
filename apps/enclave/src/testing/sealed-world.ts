import { KMSClient } from '@aws-sdk/client-kms';
import { unsafeTrustAnchorFromPem, type TrustAnchor } from '@communique-tee/attestation';
import {
  startCongressSimulator,
  type CongressSimulator,
  type CongressSimulatorOptions,
} from '@communique-tee/congress-simulator';
import { startKmsSimulator, type KmsSimulator, type SimulatedCredentials } from '@communique-tee/kms-simulator';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { createNsm, type Nsm, type NsmTransport } from '@communique-tee/nsm';
import {
  decodeKeyStatus,
  encodeKeyOffer,
  type HandedCredentials,
  type KeyOffer,
  type KeyStatus,
} from '@communique-tee/protocol';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { Agent } from 'node:https';
import { keyPolicyDocuments } from '@communique-tee/key-policies';
import { parseConfiguration } from '../configuration/configuration';
import { createLog } from '../runtime/log';
import { startEnclave, type RunningEnclave } from '../start';
import { configurationFor } from './enclave-fixture';

export const ALIAS = 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-test-enclave';
export const OPERATOR_ALIAS = 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-test-operator';
export const HOUR_MS = 3600_000;
export const DAY_MS = 24 * HOUR_MS;
const PLACE = { region: 'us-east-1', account: '123456789012' };
const role = (name: string) => `arn:aws:iam::${PLACE.account}:role/${name}`;
/** What an identity policy can give at most: the key's own policy is what stands against it. */
const EVERYTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
export const NEXT_IMAGE = new Map([0, 1, 2].map((index) => [index, new Uint8Array(48).fill(8)]));
export const DEBUG_IMAGE = new Map([0, 1, 2].map((index) => [index, new Uint8Array(48)]));

export const PARENT: SimulatedCredentials = {
  accessKeyId: 'ASIAPARENT',
  secretAccessKey: 'parent-secret-access-key',
  sessionToken: 'parent-session-token',
  principalArn: role('parent'),
  identityPolicy: EVERYTHING,
};
export const OPERATOR: SimulatedCredentials = {
  accessKeyId: 'ASIAOPERATOR',
  secretAccessKey: 'operator-secret-access-key',
  principalArn: role('operator'),
  identityPolicy: EVERYTHING,
};
export const CREDENTIALS: HandedCredentials = {
  access_key_id: PARENT.accessKeyId,
  secret_access_key: PARENT.secretAccessKey,
  session_token: PARENT.sessionToken ?? null,
  expires: null,
};

export interface SealedEnclave extends RunningEnclave {
  url: string;
  log: string[];
  /** Posts an offer, with the parent's credentials and nothing else unless it is told. */
  offer(offer?: Partial<KeyOffer>): Promise<KeyStatus>;
  post(body: Uint8Array): Promise<{ status: number; code: string | null; body: Uint8Array }>;
}

export interface EnclaveOptions {
  pcrs?: ReadonlyMap<number, Uint8Array>;
  configure?: (configuration: Record<string, unknown>) => Record<string, unknown>;
  nsm?: (transport: NsmTransport) => NsmTransport;
}

/** Enclaves whose keys KMS guards: its simulator under the policies that `pulumi up` gives it, Congress's, and a mock NSM of one root. */
export interface SealedWorld {
  kms: KmsSimulator;
  /** What `pulumi up` gives to KMS. */
  policies: { enclave: string; operator: string };
  /** AWS's own client, as anybody with these credentials has it. */
  client(credentials: SimulatedCredentials): KMSClient;
  congress: CongressSimulator;
  trustAnchor: TrustAnchor;
  /** The time by NSM and KMS, and by nothing else here. */
  time: { offsetMs: number; nowMs(): number };
  start(options?: EnclaveOptions): Promise<SealedEnclave>;
  /** The NSM of an image, as somebody who runs it has it. */
  nsm(pcrs?: ReadonlyMap<number, Uint8Array>): Promise<Nsm>;
  /** Everything that any enclave here has said: log lines and answers. */
  said: Uint8Array[];
  stop(): Promise<void>;
}

export async function startSealedWorld(options: { congress?: CongressSimulatorOptions } = {}): Promise<SealedWorld> {
  const folder = await temporaryFolder('sealed');
  // Not by Date, which tests turn
  const time = { offsetMs: 0, nowMs: () => Math.floor(performance.timeOrigin + performance.now()) + time.offsetMs };
  const policies = keyPolicyDocuments({
    stack: 'test',
    region: PLACE.region,
    accountId: PLACE.account,
    parentRoleArn: PARENT.principalArn,
    administrators: [role('deployer')],
    operators: [OPERATOR.principalArn],
    acceptedImages: [{ pcr0: developmentMeasurements.pcr0 }, { pcr0: '08'.repeat(48) }],
  });
  const rootPem = await developmentRootPem(folder.path);
  const kms = await startKmsSimulator({
    ...PLACE,
    keys: [
      { alias: ALIAS.split(':').pop() ?? '', policy: policies.enclave },
      { alias: OPERATOR_ALIAS.split(':').pop() ?? '', policy: policies.operator },
    ],
    credentials: [PARENT, OPERATOR],
    trustAnchorPem: rootPem,
    nowMs: () => time.nowMs(),
  });
  const congress = await startCongressSimulator(options.congress);
  const trustAnchor = unsafeTrustAnchorFromPem(rootPem);
  const agent = new Agent({ ca: kms.certificateAuthority });
  const clients: KMSClient[] = [];
  const client = ({ accessKeyId, secretAccessKey, sessionToken }: SimulatedCredentials): KMSClient => {
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
    const made = new KMSClient({
      region: PLACE.region,
      endpoint: kms.origin,
      maxAttempts: 1,
      credentials,
      requestHandler: { httpsAgent: agent },
    });
    // The SDK's clock does not know of this one
    if (time.offsetMs !== 0) made.config.systemClockOffset = time.offsetMs;
    clients.push(made);
    return made;
  };
  const running = new Set<RunningEnclave>();
  const said: Uint8Array[] = [];
  const device = (pcrs?: ReadonlyMap<number, Uint8Array>) =>
    createMockNsmTransport({ rootFolder: folder.path, now: () => time.nowMs(), ...(pcrs && { pcrs }) });

  const start = async ({
    pcrs,
    configure = (configuration) => configuration,
    nsm = (transport) => transport,
  }: EnclaveOptions = {}): Promise<SealedEnclave> => {
    const log: string[] = [];
    const configuration = configure({
      ...configurationFor(congress),
      custody: { mode: 'kms', keyAlias: ALIAS },
      kms: { origin: kms.origin, certificateAuthorities: kms.certificateAuthority, timeoutMs: 60_000 },
    });
    const sink = (line: string) => {
      log.push(line);
      said.push(Buffer.from(line));
    };
    const enclave = await startEnclave(parseConfiguration(configuration), nsm(await device(pcrs)), {
      log: createLog(sink),
      developmentRoot: trustAnchor,
    });
    running.add(enclave);
    const url = enclave.address.replace('tcp:', 'http://');
    const post = async (sent: Uint8Array) => {
      const response = await fetch(`${url}/keys`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor' },
        body: new Uint8Array(sent),
      });
      const body = new Uint8Array(await response.arrayBuffer());
      said.push(body);
      return {
        status: response.status,
        code: response.ok ? null : (JSON.parse(Buffer.from(body).toString()) as { code: string }).code,
        body,
      };
    };
    return {
      ...enclave,
      url,
      log,
      post,
      async offer(offer = {}) {
        const { code, body } = await post(
          encodeKeyOffer({ credentials: CREDENTIALS, records: [], revoked: [], secrets: {}, ...offer }),
        );
        if (code !== null) throw Object.assign(new Error(code), { code });
        return decodeKeyStatus(body);
      },
      async close() {
        running.delete(enclave);
        await enclave.close();
      },
    };
  };

  return {
    kms,
    policies,
    client,
    congress,
    trustAnchor,
    time,
    said,
    start,
    nsm: async (pcrs) => createNsm(await device(pcrs)),
    async stop() {
      for (const enclave of running) await enclave.close();
      for (const each of clients) each.destroy();
      await congress.stop();
      await kms.close();
      await folder.remove();
    },
  };
}
