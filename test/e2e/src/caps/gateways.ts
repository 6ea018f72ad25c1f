import { developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { appBundle, freePort, spawnService, type Service } from '@communique-tee/testing/harness';
import { createTokenIssuer } from '@communique-tee/identity-simulator/tokens';
import { HIGH_RATE_LIMITS } from '@communique-tee/test-system';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Prepares gateways without an enclave: accepted messages stay in the queue, and the ledger contains only reservations. */
export async function prepareGateways(folder: string) {
  const [issuer, rootPem, enclavePort, bundle] = await Promise.all([
    createTokenIssuer(folder),
    developmentRootPem(join(folder, 'nsm')),
    freePort(),
    appBundle('gateway'),
  ]);
  const rootFile = join(folder, 'development-root.pem');
  await writeFile(rootFile, rootPem);
  const environment = {
    NODE_ENV: 'development',
    LOG_LEVEL: 'info',
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: issuer.audience,
    AUTH_JWKS_FILE: issuer.jwksFile,
    TEE_PROVIDER: 'mock',
    ENCLAVE_URL: `tcp:127.0.0.1:${String(enclavePort)}`,
    TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
    TEE_EXPECTED_OPERATOR: `sha384:${developmentMeasurements.pcr3}`,
    ATTESTATION_DEVELOPMENT_ROOT_FILE: rootFile,
    ...HIGH_RATE_LIMITS,
    MESSAGES_PER_USER_DAY: '0',
    DELIVERY_PRICE_PER_OFFICE: '0.01',
    ADMISSION_MAX_WAITING: '1000000',
    DATABASE_POOL_SIZE: '10',
    DELIVERY_MIN_BACKOFF_MS: '60000',
  };
  return {
    issuer,
    /** Starts this many gateway processes, each on its own port, with the shared `env`. */
    start: (count: number, env: Record<string, string>) =>
      Gateways.start(count, join(bundle, 'main.js'), { ...environment, ...env }),
  };
}

export class Gateways {
  private constructor(
    readonly urls: readonly string[],
    private readonly services: Service[],
    private readonly spawn: (which: number) => Promise<Service>,
  ) {}

  static async start(count: number, bundle: string, env: Record<string, string>): Promise<Gateways> {
    const ports = await Promise.all(Array.from({ length: count }, freePort));
    const spawn = (which: number) =>
      spawnService({
        command: process.execPath,
        args: [bundle],
        env: { ...env, PORT: String(ports[which]) },
        readyWhen: /"msg":"listening"/,
        readyTimeoutMs: 60_000,
      });
    return new Gateways(
      ports.map((port) => `http://127.0.0.1:${String(port)}`),
      await Promise.all(ports.map((_, which) => spawn(which))),
      spawn,
    );
  }

  /** Kills one gateway with SIGKILL and restarts it on the same port. */
  async killAndRestart(which: number): Promise<void> {
    await this.services[which]?.kill();
    this.services[which] = await this.spawn(which);
  }

  async stop(): Promise<void> {
    await Promise.all(this.services.map((service) => service.kill()));
  }
}
