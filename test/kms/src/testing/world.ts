import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Agent } from 'node:https';
import { KMSClient, type KMSClientConfig, type RecipientInfo } from '@aws-sdk/client-kms';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { keyPolicyDocuments } from '@communique-tee/key-policies';
import { startKmsSimulator, type KmsSimulator, type KmsSimulatorOptions } from '../simulator';
import type { SimulatedCredentials } from '../signature/credentials';

export const REGION = 'us-east-1';
export const ACCOUNT = '123456789012';
export const ENCLAVE_ALIAS = 'alias/communique-tee-test-enclave';
export const OPERATOR_ALIAS = 'alias/communique-tee-test-operator';
export const OPEN_ALIAS = 'alias/open';

const role = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

const caller = (name: string, more: Partial<SimulatedCredentials> = {}): SimulatedCredentials => ({
  accessKeyId: `ASIA${name.toUpperCase()}`,
  secretAccessKey: `secret of ${name}`,
  sessionToken: `token of ${name}`,
  principalArn: role(name),
  identityPolicy: everything,
  ...more,
});
export const callers = {
  parent: caller('parent'),
  operator: caller('operator'),
  stranger: caller('stranger'),
  bare: { accessKeyId: 'AKIABARE', secretAccessKey: 'secret of bare', principalArn: role('bare') },
};

export const openPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' }],
};
/** The key policies that `pulumi up` would set. */
const policies = keyPolicyDocuments({
  stack: 'test',
  region: REGION,
  accountId: ACCOUNT,
  parentRoleArn: role('parent'),
  administrators: [role('deployer')],
  operators: [role('operator')],
  acceptedImages: [{ pcr0: developmentMeasurements.pcr0 }, { pcr0: '08'.repeat(48) }],
});
export const enclaveContext = {
  'communique-tee:purpose': 'enclave-keys',
  'communique-tee:stack': 'test',
  'communique-tee:pcr0': developmentMeasurements.pcr0,
};
export const secretContext = {
  'communique-tee:purpose': 'operator-secret',
  'communique-tee:stack': 'test',
  'communique-tee:secret': 'cwc-house',
};

/** An RSA-2048 key pair, as an enclave makes one. All tests share it. */
export const recipientKeys = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: 'der', type: 'spki' }));

export interface World {
  kms: KmsSimulator;
  /** The NSM of an enclave whose PCR0 the key policies accept. */
  nsm: Nsm;
  /** The NSM of a debug enclave: PCR0, PCR1 and PCR2 are zero. */
  debugNsm: Nsm;
  /** The NSM of an enclave whose PCR0 no key policy accepts. */
  otherImageNsm: Nsm;
  /** The NSM of an enclave with another PCR0, which the key policies also accept. */
  nextImageNsm: Nsm;
  /** Returns a client of the AWS SDK that does not retry. */
  client(credentials?: SimulatedCredentials, config?: Partial<KMSClientConfig>): KMSClient;
  recipient(nsm?: Nsm, publicKey?: Uint8Array): Promise<RecipientInfo>;
  close(): Promise<void>;
}

export async function startWorld(
  options: Partial<KmsSimulatorOptions> & { documentNow?: () => number } = {},
): Promise<World> {
  const folder = await temporaryFolder('kms-simulator-');
  const rootFolder = folder.path;
  const device = async (pcrs?: ReadonlyMap<number, Uint8Array>): Promise<Nsm> =>
    createNsm(
      await createMockNsmTransport({
        rootFolder,
        ...(pcrs && { pcrs }),
        ...(options.documentNow && { now: options.documentNow }),
      }),
    );
  const fill = (byte: number) => new Map([0, 1, 2].map((index) => [index, new Uint8Array(48).fill(byte)]));
  const [nsm, debugNsm, otherImageNsm, nextImageNsm] = [
    await device(),
    await device(fill(0)),
    await device(fill(9)),
    await device(fill(8)),
  ];
  const { documentNow: _, ...given } = options;
  const kms = await startKmsSimulator({
    region: REGION,
    account: ACCOUNT,
    keys: [
      { alias: ENCLAVE_ALIAS, policy: policies.enclave },
      { alias: OPERATOR_ALIAS, policy: policies.operator },
      { alias: OPEN_ALIAS, policy: openPolicy },
    ],
    credentials: Object.values(callers),
    trustAnchorPem: await developmentRootPem(rootFolder),
    ...given,
  });
  const clients: KMSClient[] = [];
  return {
    kms,
    nsm,
    debugNsm,
    otherImageNsm,
    nextImageNsm,
    client(credentials = callers.parent, config = {}) {
      const made = new KMSClient({
        region: REGION,
        endpoint: kms.origin,
        maxAttempts: 1,
        credentials: {
          accessKeyId: credentials.accessKeyId,
          secretAccessKey: credentials.secretAccessKey,
          ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
        },
        requestHandler: { httpsAgent: new Agent({ ca: kms.certificateAuthority }) },
        ...config,
      });
      clients.push(made);
      return made;
    },
    async recipient(from = nsm, publicKey = spkiOf(recipientKeys.publicKey)) {
      return { AttestationDocument: await from.attest({ publicKey }), KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' };
    },
    async close() {
      for (const each of clients) each.destroy();
      await kms.close();
      await Promise.all([nsm, debugNsm, otherImageNsm, nextImageNsm].map((each) => each.close()));
      await folder.remove();
    },
  };
}
