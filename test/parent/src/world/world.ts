import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startIdentityProvider, type IdentityProvider } from '@communique-tee/identity-simulator';
import { CHAMBER_KEYS } from '@communique-tee/protocol';
import {
  environmentText,
  HIGH_RATE_LIMITS,
  readCongress,
  startCongress,
  startKeyGuard,
  type DescribedCongress,
} from '@communique-tee/test-system';
import { freePort, type TemporaryFolder } from '@communique-tee/testing/harness';
import { developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { MACHINE, startNetwork, type MachineNetwork } from '../machine/network';
import { AwsStandIn } from './aws';
import { certificateOf, startIssuer, type CertificateIssuer } from './certificate-issuer';
import { prepareEnclave, VSOCK } from './enclave';
import { HypervisorStandIn } from './hypervisor';
import { MetadataStandIn } from './metadata';

export const INSTANCE = 'i-0123456789abcdef0';
export const ACME_HOST = 'acme.example.org';
/** A parent that uses RDS fetches RDS's certificate authorities from this host. */
const TRUST_STORE = 'truststore.pki.rds.amazonaws.com';
/** The addresses that the machine's DNS answers, from ranges for documentation (RFC 5737). */
const ADDRESSES = {
  chamber: (number: number) => `198.51.100.${String(number + 1)}`,
  kms: '198.51.100.101',
  acme: '198.51.100.102',
  trustStore: '198.51.100.103',
};
const HTTPS = { host: MACHINE, port: 443 };
const HTTP = { host: MACHINE, port: 80 };

/**
 * Everything around the parent: stand-ins for AWS and the hypervisor with the enclave, simulators of Congress, KMS and an identity
 * provider, and an issuer of certificates.
 */
export interface World {
  readonly aws: AwsStandIn;
  readonly metadata: MetadataStandIn;
  readonly hypervisor: HypervisorStandIn;
  readonly congress: DescribedCongress;
  readonly identity: IdentityProvider;
  readonly issuer: CertificateIssuer;
  readonly network: MachineNetwork;
  readonly rootPem: string;
  /** The folder that the machine sees as /srv/world. */
  readonly shared: string;
  /** The enclave's destinations, as in the measured configuration. */
  readonly routes: readonly { readonly host: string; readonly port: number; readonly vsockPort: number }[];
  readonly hosts: Readonly<Record<string, string>>;
  /** The authorities that the machine's programs trust, in PEM. */
  readonly authorities: string;
  /** The ciphertexts of the operator's secrets, by name. */
  readonly enclaveSecrets: Readonly<Record<string, string>>;
  /** The port on the test's loopback that leads to the parent's nginx. */
  readonly httpsPort: number;
  stop(): Promise<void>;
}

export async function startWorld(folder: TemporaryFolder): Promise<World> {
  const stops = new AsyncDisposableStack();
  const stop = () => stops.disposeAsync();
  try {
    const shared = folder.file('shared');
    const vsock = join(shared, 'vsock');
    await mkdir(vsock, { recursive: true });
    await chmod(shared, 0o755);
    await chmod(vsock, 0o1777);

    const congressService = await startCongress({
      folder: folder.file('congress'),
      logFile: folder.file('congress.log'),
    });
    stops.defer(async () => void (await congressService.stop()));
    const congressFile = folder.file('congress', 'congress.json');
    const congress = await readCongress(congressFile);
    const rootPem = await developmentRootPem(folder.file('nsm'));
    const keyGuard = await startKeyGuard({ folder: folder.path, congress, rootPem });
    stops.defer(() => keyGuard.stop());
    const { gatewayEnvironment: role } = keyGuard;

    const hypervisor = new HypervisorStandIn({
      pcr0: developmentMeasurements.pcr0,
      start: await prepareEnclave(folder, vsock, { congress, congressFile, keyGuard }),
    });
    await hypervisor.listen(join(shared, 'nitro.sock'));
    stops.defer(() => hypervisor.close());
    const attached = join(shared, 'volume-attached');
    const aws = new AwsStandIn(INSTANCE, '203.0.113.5', (here) => {
      if (here) writeFileSync(attached, '');
      else rmSync(attached, { force: true });
    });
    await aws.listen(join(shared, 'aws.sock'));
    stops.defer(() => {
      aws.close();
    });
    const metadata = await MetadataStandIn.start(INSTANCE, {
      AccessKeyId: role['AWS_ACCESS_KEY_ID'] ?? '',
      SecretAccessKey: role['AWS_SECRET_ACCESS_KEY'] ?? '',
      Token: role['AWS_SESSION_TOKEN'] ?? '',
    });
    stops.defer(() => {
      metadata.close();
    });
    const identity = await startIdentityProvider({ folder: folder.path, pages: [] });
    stops.defer(() => identity.stop());

    const acmePort = await freePort();
    const trustStore = await startTrustStore(folder);
    stops.defer(trustStore.stop);
    const far = [
      ...CHAMBER_KEYS.map((key, number) => ({
        name: `${key}.congress.example.org`,
        host: ADDRESSES.chamber(number),
        to: Number(new URL(congress[key].origin).port),
      })),
      { name: 'kms.us-east-1.amazonaws.com', host: ADDRESSES.kms, to: Number(new URL(keyGuard.kms.origin).port) },
      { name: ACME_HOST, host: ADDRESSES.acme, to: acmePort },
      { name: TRUST_STORE, host: ADDRESSES.trustStore, to: trustStore.port },
    ];
    const sockets = folder.file('network');
    await mkdir(sockets);
    const network = await startNetwork(
      sockets,
      [
        { host: '169.254.169.254', port: 80, to: metadata.port },
        ...far.map(({ host, to }) => ({ host, port: 443, to })),
      ],
      [HTTPS, HTTP],
    );
    stops.defer(() => network.stop());
    const issuer = await startIssuer(folder, ACME_HOST, acmePort, network.portOf(HTTP));
    stops.defer(() => issuer.stop());

    await writeFile(join(shared, 'issuer.pem'), issuer.authorityPem);
    await writeFile(join(shared, 'development-root.pem'), rootPem);
    await copyFile(identity.jwksFile, join(shared, 'jwks.json'));
    for (const name of ['issuer.pem', 'development-root.pem', 'jwks.json']) await chmod(join(shared, name), 0o644);
    await writeFile(
      join(shared, 'gateway.env'),
      environmentText({
        ...identity.gatewayEnvironment,
        AUTH_JWKS_FILE: '/srv/world/jwks.json',
        AUTH_JWKS_URL: '',
        NODE_ENV: 'development',
        TEE_PROVIDER: 'mock',
        TEE_ENDPOINT: 'unix:/srv/world/vsock/enclave',
        ATTESTATION_DEVELOPMENT_ROOT_FILE: '/srv/world/development-root.pem',
        MESSAGES_PER_USER_DAY: '0',
        DELIVERY_MIN_BACKOFF_MS: '100',
        DELIVERY_MAX_BACKOFF_MS: '1000',
        DELIVERY_POLL_MS: '200',
        ...HIGH_RATE_LIMITS,
      }),
      { mode: 0o600 },
    );
    return {
      aws,
      metadata,
      hypervisor,
      congress,
      identity,
      issuer,
      network,
      rootPem,
      shared,
      routes: [
        ...CHAMBER_KEYS.map((key, number) => ({
          host: `${key}.congress.example.org`,
          port: 443,
          vsockPort: VSOCK.chamber(number),
        })),
        { host: 'kms.us-east-1.amazonaws.com', port: 443, vsockPort: VSOCK.kms },
      ],
      hosts: Object.fromEntries(far.map(({ name, host }) => [name, host])),
      authorities: trustStore.certificate,
      enclaveSecrets: JSON.parse(await readFile(role['ENCLAVE_SECRETS_FILE'] ?? '', 'utf8')) as Record<string, string>,
      httpsPort: network.portOf(HTTPS),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts a server that answers every path with its own certificate. The parent checks only the answer's form. */
async function startTrustStore(
  folder: TemporaryFolder,
): Promise<{ readonly port: number; readonly certificate: string; readonly stop: () => void }> {
  const files = await certificateOf(folder, TRUST_STORE);
  const certificate = await readFile(files.certificate, 'utf8');
  const server = createServer({ cert: certificate, key: await readFile(files.key) }, (_request, response) => {
    response.end(certificate);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    certificate,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Random bytes are enough for an image, because the hypervisor stand-in starts the app without it. */
export const imageBytes = (): Uint8Array => new Uint8Array(randomBytes(4096));
