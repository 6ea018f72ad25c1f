import 'reflect-metadata';
import type { TrustAnchor } from '@communique-tee/attestation';
import { MAX_KEY_OFFER_BYTES } from '@communique-tee/protocol';
import { createNsm, type NsmTransport } from '@communique-tee/nsm';
import { formatAddress, listen, parseAddress } from '@communique-tee/vsock';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { AnchoredClock } from './runtime/anchored-clock';
import type { EnclaveConfiguration } from './configuration/configuration';
import { destinationsOf, secretsOf } from './configuration/cross-checks';
import { servedConfiguration } from './configuration/served-configuration';
import { createEgress, PUBLISH_EVERY_MS, type ConnectVsock } from './egress';
import { SERVICES } from './services/registry';
import { EnclaveModule } from './enclave.module';
import { openResidence } from './residence/residence';
import { createServer } from './runtime/server';
import { custodyName } from './identity/custody/custody-config';
import { keyIdText } from './identity/keys/enclave-keys';
import { openCustody } from './identity/custody/open-custody';
import { createLog, type Log } from './runtime/log';

export interface RunningEnclave {
  /** The address that the enclave listens on, with the real port if the configuration has port 0. */
  address: string;
  enclaveId: string;
  close(): Promise<void>;
}

export interface StartOptions {
  log?: Log;
  /**
   * The root of the mock NSM, for development and tests. Anyone with that root's key can make sealed keys for this enclave. By default,
   * AWS's root applies. The production entry passes no root and contains no code to make one (a test inspects its bundle).
   */
  developmentRoot?: TrustAnchor;
  /** Replaces connections to vsock addresses on a machine without vsock. For development and tests. */
  connectVsock?: ConnectVsock;
  /** Milliseconds between two publications of the counts of connections. For tests. */
  publishEveryMs?: number;
}

/** Returns the largest body of each route, in bytes. */
function bodyLimits(): ReadonlyMap<string, number> {
  const services = Object.values(SERVICES).map(({ path, limits }) => [`/${path}`, limits.maxRequestBytes] as const);
  return new Map([['/keys', MAX_KEY_OFFER_BYTES], ...services]);
}

/**
 * Gets the first attestation document, which anchors the clock, and listens. With custody `process` the enclave has a key from the start;
 * with custody `kms` it has none until a gateway offers sealed keys.
 */
export async function startEnclave(
  configuration: EnclaveConfiguration,
  transport: NsmTransport,
  options: StartOptions = {},
): Promise<RunningEnclave> {
  const { log = createLog(), developmentRoot: makerRoot, connectVsock, publishEveryMs = PUBLISH_EVERY_MS } = options;
  const nsm = createNsm(transport);
  const clock = new AnchoredClock();
  const egress = createEgress(configuration.egress, destinationsOf(configuration), connectVsock);
  const served = servedConfiguration(configuration);
  const { ring, keyOffers, secrets, pcr0, keyMaintenance } = await openCustody({
    configuration,
    configSha256: served.sha256,
    secretNames: secretsOf(configuration),
    nsm,
    clock,
    egress,
    log,
    makerRoot,
  });
  const residence = openResidence(configuration.residence, clock, log);
  const enclaveId = randomUUID();
  const adapter = createServer(bodyLimits());
  const module = EnclaveModule.of({
    configuration,
    served,
    egress,
    residence,
    clock,
    ring,
    keyOffers,
    secrets,
    log,
    enclaveId,
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  });
  await app.init();
  const fastify = adapter.getInstance();
  await fastify.ready();
  const address = formatAddress(await listen(fastify.server, parseAddress(configuration.listen)));
  egress.connections.start(publishEveryMs);
  const current = ring.current();
  log.write('info', 'enclave_listening', {
    address,
    enclaveId,
    stack: configuration.stack,
    ...(current && { keyId: keyIdText(current.keys.keyId) }),
    custody: custodyName(configuration.custody),
    pcr0,
  });
  return {
    address,
    enclaveId,
    async close() {
      await app.close();
      egress.connections.stop();
      await residence.close();
      await keyMaintenance.stop();
      await nsm.close();
    },
  };
}
