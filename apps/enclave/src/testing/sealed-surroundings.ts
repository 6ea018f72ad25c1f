import { KMSClient } from '@aws-sdk/client-kms';
import { unsafeTrustAnchorFromPem, type TrustAnchor } from '@communique-tee/attestation';
import {
  startCongressSimulator,
  type CongressSimulator,
  type CongressSimulatorOptions,
} from '@communique-tee/congress-simulator';
import { keyPolicyDocuments } from '@communique-tee/key-policies';
import { startKmsSimulator, type KmsSimulator, type SimulatedCredentials } from '@communique-tee/kms-simulator';
import type { NsmTransport } from '@communique-tee/nsm';
import type { HandedCredentials } from '@communique-tee/protocol';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { Agent } from 'node:https';

export const ALIAS = 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-test-enclave';
export const OPERATOR_ALIAS = 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-test-operator';
export const HOUR_MS = 3600_000;
export const DAY_MS = 24 * HOUR_MS;
const PLACE = { region: 'us-east-1', account: '123456789012' };
const role = (name: string) => `arn:aws:iam::${PLACE.account}:role/${name}`;
/** An identity policy that grants everything, so that only the KMS key's own policy limits the parent. */
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

/**
 * What enclaves with KMS-sealed keys need: the KMS simulator with the policies that `pulumi up` sets, the Congress simulator, and one root
 * of the mock NSM.
 */
export interface SealedSurroundings {
  kms: KmsSimulator;
  policies: { enclave: string; operator: string };
  /** Returns AWS's own KMS client with these credentials. */
  client(credentials: SimulatedCredentials): KMSClient;
  congress: CongressSimulator;
  trustAnchor: TrustAnchor;
  /** The folder of the mock NSM's root. */
  rootFolder: string;
  /** The time of NSM and KMS only. A test moves it by `offsetMs`. */
  time: { offsetMs: number; nowMs(): number };
  /** Returns the NSM of an enclave with these measurements. */
  device(pcrs?: ReadonlyMap<number, Uint8Array>): Promise<NsmTransport>;
  /** The part of an enclave's configuration that makes it use this KMS. */
  kmsSettings: {
    readonly custody: object;
    readonly kms: { readonly origin: string; readonly certificateAuthorities: string; readonly timeoutMs: number };
  };
  stop(): Promise<void>;
}

export async function startSealedSurroundings(congressOptions?: CongressSimulatorOptions): Promise<SealedSurroundings> {
  const folder = await temporaryFolder('sealed');
  // Does not use Date, because tests change it
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
  const congress = await startCongressSimulator(congressOptions);
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
    // Tells the SDK the shifted time, because the SDK uses the machine's clock
    if (time.offsetMs !== 0) made.config.systemClockOffset = time.offsetMs;
    clients.push(made);
    return made;
  };
  return {
    kms,
    policies,
    client,
    congress,
    trustAnchor,
    rootFolder: folder.path,
    time,
    device: (pcrs) =>
      createMockNsmTransport({ rootFolder: folder.path, now: () => time.nowMs(), ...(pcrs && { pcrs }) }),
    kmsSettings: {
      custody: { mode: 'kms', keyAlias: ALIAS },
      kms: { origin: kms.origin, certificateAuthorities: kms.certificateAuthority, timeoutMs: 60_000 },
    },
    async stop() {
      for (const each of clients) each.destroy();
      await congress.stop();
      await kms.close();
      await folder.remove();
    },
  };
}
