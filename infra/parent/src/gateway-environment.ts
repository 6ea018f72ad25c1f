import { DEFAULTS, ENCLAVE_SECRETS_FILE, REFERENCE_STRING_FILE, type ParentSettings } from './settings';

/** The URL of PostgreSQL on the parent. A service signs in through the socket by its system user (pg_hba.conf, pg_ident.conf). */
const databaseOnParent = (role: 'communique' | 'communique_gateway') =>
  `postgresql://${role}@localhost/communique?host=/run/communique-postgresql`;
const REDIS_ON_PARENT = 'redis://127.0.0.1:6379';

/** The variables (.env.example) of the migrations and the gateway, without the secrets. */
export function gatewayEnvironment({
  region,
  release,
  enclave,
  gateway,
  acceptedPcr0,
  operatorPcr3,
  enclaveSecrets,
  database,
  redis,
}: ParentSettings): Record<string, string> {
  return {
    ...gateway.environment,
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(gateway.port ?? DEFAULTS.gatewayPort),
    // nginx sets X-Forwarded-For and drops what the client sent.
    TRUSTED_PROXIES: '127.0.0.1',
    METRICS_HOST: '127.0.0.1',
    METRICS_PORT: String(gateway.metricsPort ?? DEFAULTS.metricsPort),
    AWS_REGION: region,
    TEE_PROVIDER: 'aws',
    TEE_ENDPOINT: `vsock:${String(enclave.cid ?? DEFAULTS.cid)}:${String(enclave.port ?? DEFAULTS.enclavePort)}`,
    TEE_EXPECTED_CODE_HASH: acceptedPcr0.map((pcr0) => `sha384:${pcr0}`).join(','),
    TEE_EXPECTED_OPERATOR: `sha384:${operatorPcr3}`,
    ...(Object.keys(enclaveSecrets).length > 0 ? { ENCLAVE_SECRETS_FILE } : {}),
    // Not always set: the gateway warns of this variable while RESIDENCE is off, and does not start if the file is missing.
    ...(release.referenceString === true && (gateway.environment['RESIDENCE'] ?? 'off') !== 'off'
      ? { RESIDENCE_REFERENCE_STRING_FILE: REFERENCE_STRING_FILE }
      : {}),
    ...(database.at === 'parent' ? { DATABASE_URL: databaseOnParent('communique_gateway') } : {}),
    // Also for an operator's own database, which is often at RDS too.
    ...(database.at === 'parent' ? {} : { NODE_EXTRA_CA_CERTS: '/etc/communique/rds-authorities.pem' }),
    ...(redis.at === 'parent' ? { REDIS_URL: REDIS_ON_PARENT } : {}),
  };
}

/** If PostgreSQL is on the parent, migrations use this URL in place of the gateway's: its role owns the tables. */
export const migrateEnvironment = (): Record<string, string> => ({ DATABASE_URL: databaseOnParent('communique') });

/** Returns NAME="value" lines for systemd's EnvironmentFile (systemd.exec), in which four characters need a backslash. */
export function environmentFile(variables: Readonly<Record<string, string>>, about: string): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, '\\$&')}"\n`);
  return `# ${about}\n${lines.join('')}`;
}
