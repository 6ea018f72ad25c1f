import type { GatewayConfig } from '@communique-tee/gateway-environment';
import { LIMITS } from '@communique-tee/protocol';
import { checkSettings } from './check-settings';
import { cloudwatchAgent, prometheusScrape } from './cloudwatch-agent';
import { connectionTimes } from './connection-times';
import { environmentFile, gatewayEnvironment, migrateEnvironment } from './gateway-environment';
import { problemPages } from './problem-pages';
import { DEFAULTS, ENCLAVE_SECRETS_FILE, type EgressRoute, type ParentSettings } from './settings';
import { serviceLogFiles, serviceLogs } from './service-logs';
import { renderTemplates, type TemplateGroup } from './templates';

export interface ParentFile {
  readonly content: string;
  readonly mode: number;
  readonly owner: 'root:root';
}

const PROGRAMS = ['/usr/local/libexec/communique/', '/usr/local/bin/'];
/** nginx's limit per client address, which many people may share. The gateway has finer limits. */
const REQUESTS_PER_SECOND = 50;

/**
 * report-attested gives up this long before the launch hook ends. The hook may begin before the machine boots. An alarm counts the last
 * log line of report-attested, so that line must reach CloudWatch before the instance ends.
 */
const LAUNCH_MARGIN_SECONDS = 120;

/** The addresses of the instance metadata service. The launch template turns the IPv6 address off. */
const [METADATA_V4, METADATA_V6] = ['169.254.169.254/32', 'fd00:ec2::254/128'];

/** Every file to install on the parent, by absolute path. @throws ParentSettingsError */
export function renderParentFiles(settings: ParentSettings): Record<string, ParentFile> {
  const config = checkSettings(settings);
  const files = renderTemplates(groupsOf(settings), templateValues(settings, config));
  const json = (path: string, value: object) => files.set(path, `${JSON.stringify(value, null, 2)}\n`);

  files.set(
    '/etc/communique/region.env',
    environmentFile(
      {
        AWS_DEFAULT_REGION: settings.region,
        AWS_RETRY_MODE: 'standard',
        AWS_MAX_ATTEMPTS: '6',
        ...(settings.database.at === 'parent' ? { DATA_VOLUME_ID: settings.database.volumeId } : {}),
        ...(settings.elasticIpAllocationId === undefined
          ? {}
          : { ELASTIC_IP_ALLOCATION_ID: settings.elasticIpAllocationId }),
      },
      'for the scripts that call AWS',
    ),
  );
  files.set(
    '/etc/communique/launch.env',
    environmentFile(
      {
        AUTO_SCALING_GROUP: settings.launchHook.group,
        LAUNCH_HOOK: settings.launchHook.name,
        LAUNCH_LIMIT_SECONDS: String(settings.launchHook.timeoutSeconds - LAUNCH_MARGIN_SECONDS),
        HEALTH_URL: `http://127.0.0.1:${String(settings.gateway.port ?? DEFAULTS.gatewayPort)}/api/health/tee`,
        // If clients connect to this nginx, check its certificate. A certificate of an ACME test directory would never pass.
        ...(settings.https.by === 'certbot' && settings.https.acmeDirectory === undefined
          ? { FRONT_URL: `https://${settings.https.domain}/health` }
          : {}),
      },
      'the group that waits for this instance',
    ),
  );
  files.set(
    '/etc/communique/release.env',
    environmentFile(
      {
        STORE_BUCKET: settings.storeBucket,
        RELEASE_KEY: settings.release.key,
        RELEASE_SHA256: settings.release.sha256,
      },
      'the programs',
    ),
  );
  files.set(
    '/etc/communique/enclave.env',
    environmentFile(
      {
        AWS_DEFAULT_REGION: settings.region,
        IMAGE_BUCKET: settings.storeBucket,
        IMAGE_KEY: settings.image.key,
        IMAGE_VERSION_ID: settings.image.versionId,
        IMAGE_SHA384: settings.image.sha384,
        IMAGE_PCR0: settings.image.pcr0,
        ENCLAVE_NAME: 'communique',
        ENCLAVE_CID: String(settings.enclave.cid ?? DEFAULTS.cid),
        ENCLAVE_CPU_COUNT: String(settings.enclave.cpuCount),
        ENCLAVE_MEMORY_MIB: String(settings.enclave.memoryMiB),
      },
      'the image, and the CPUs and memory of the enclave',
    ),
  );
  files.set(
    '/etc/communique/gateway.env',
    environmentFile(gatewayEnvironment(settings), 'the gateway, without its secrets'),
  );
  if (settings.database.at === 'parent')
    files.set(
      '/etc/communique/migrate.env',
      environmentFile(migrateEnvironment(), 'for migrations, in addition to gateway.env'),
    );
  files.set('/etc/communique/certificate.env', environmentFile(certificateEnvironment(settings), 'the certificate'));
  json('/etc/communique/secrets.json', secretsList(settings));
  if (Object.keys(settings.enclaveSecrets).length > 0)
    json('/etc/communique/enclave-secrets.json', settings.enclaveSecrets);
  const logs = serviceLogs(files.keys());
  files.set('/etc/tmpfiles.d/communique-logs.conf', serviceLogFiles(logs));
  json('/etc/communique/cloudwatch-agent.json', cloudwatchAgent(settings, logs));
  json(
    '/etc/communique/prometheus.yaml',
    prometheusScrape(settings, settings.gateway.metricsPort ?? DEFAULTS.metricsPort),
  );
  for (const { host, port, vsockPort } of settings.egress) {
    json(`/etc/communique/egress/${String(vsockPort)}.json`, {
      routes: [{ listen: `vsock:${String(vsockPort)}`, host, port }],
    });
  }
  return Object.fromEntries(
    [...files]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, content]) => [
        path,
        {
          content,
          mode: PROGRAMS.some((folder) => path.startsWith(folder)) ? 0o755 : 0o644,
          owner: 'root:root' as const,
        },
      ]),
  );
}

/** Whether a host name is that of a KMS endpoint. */
const isKms = (host: string) => /^kms(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/.test(host);

function groupsOf({
  https,
  database,
  redis,
  elasticIpAllocationId,
  enclaveSecrets,
}: ParentSettings): readonly TemplateGroup[] {
  return [
    'always',
    https.by === 'certbot' ? 'https-certbot' : 'https-balancer',
    ...(database.at === 'parent' ? (['data-volume', 'database-parent'] as const) : []),
    ...(database.at === 'parent' ? [] : (['database-elsewhere'] as const)),
    ...(redis.at === 'parent' ? (['redis-parent'] as const) : []),
    ...(elasticIpAllocationId === undefined ? [] : (['elastic-ip'] as const)),
    ...(Object.keys(enclaveSecrets).length > 0 ? (['enclave-secrets'] as const) : []),
  ];
}

function templateValues(settings: ParentSettings, config: GatewayConfig): Record<string, string> {
  const { enclave, gateway, egress, https, database, redis, elasticIpAllocationId, enclaveSecrets } = settings;
  const memoryMiB = gateway.memoryMiB ?? DEFAULTS.gatewayMemoryMiB;
  const times = connectionTimes(gateway.environment);
  const waitsForAddress = ({ host }: EgressRoute) => elasticIpAllocationId !== undefined && !isKms(host);
  const egressUnits = (routes: readonly EgressRoute[]) =>
    routes.map(({ vsockPort }) => `communique-egress@${String(vsockPort)}.service`);
  const certificateUnits = https.by === 'certbot' ? ['communique-acme.timer'] : [];
  const units = [
    ...['enclave-memory', 'image', 'enclave-log', 'enclave', 'secrets', 'migrate', 'gateway', 'nginx', 'attested'].map(
      (name) => `communique-${name}.service`,
    ),
    'communique-egress.target',
    ...(elasticIpAllocationId === undefined
      ? certificateUnits
      : ['communique-address.service', 'communique-address.path']),
    ...(database.at === 'parent' ? ['communique-postgresql.service'] : []),
    ...(redis.at === 'parent' ? ['communique-redis.service'] : []),
    ...(Object.keys(enclaveSecrets).length > 0 ? ['communique-enclave-secrets.timer'] : []),
  ];
  const byBalancer = https.by === 'balancer';
  const proxyProtocol = byBalancer && https.clientAddress === 'proxy-protocol';
  return {
    enclaveMemoryMiB: String(enclave.memoryMiB),
    enclaveCpuCount: String(enclave.cpuCount),
    unitsOfTarget: units.join(' '),
    // Congress accepts connections only from the Elastic IP, so most proxies wait for it. The proxy to KMS does not wait: an enclave needs
    // its keys before it can be attested, and only an attested parent gets the Elastic IP.
    egressUnits: egressUnits(egress.filter((route) => !waitsForAddress(route))).join(' '),
    unitsOfAddress: [
      ...egressUnits(egress.filter(waitsForAddress)),
      ...(https.by === 'certbot' ? ['communique-acme.service'] : []),
      ...certificateUnits,
    ].join(' '),
    // No service that faces the internet may get the instance's credentials, except a gateway that hands them to its enclave for KMS.
    gatewayDeniedAddresses: gateway.credentials === true ? METADATA_V6 : `${METADATA_V4} ${METADATA_V6}`,
    enclaveSecretsFile: ENCLAVE_SECRETS_FILE,
    gatewayPort: String(gateway.port ?? DEFAULTS.gatewayPort),
    gatewayMemoryHighMiB: String(Math.floor(memoryMiB * 0.85)),
    gatewayMemoryMaxMiB: String(memoryMiB),
    gatewayStopSeconds: String(Math.ceil(config.shutdown.timeoutMs / 1000) + 10),
    proxyReadSeconds: String(times.proxyRead),
    frontKeepAliveSeconds: String(times.frontKeepAlive),
    upstreamKeepAliveSeconds: String(times.upstreamKeepAlive),
    maxBodyBytes: String(LIMITS.maxEnvelopeJsonBytes),
    requestsPerSecond: String(REQUESTS_PER_SECOND),
    requestsBurst: String(2 * REQUESTS_PER_SECOND),
    problemPages: problemPages(),
    domain: https.by === 'certbot' ? https.domain : '_',
    proxyProtocol: proxyProtocol ? ' proxy_protocol' : '',
    realAddress: byBalancer
      ? [
          ...https.networks.map((network) => `set_real_ip_from ${network};`),
          `real_ip_header ${proxyProtocol ? 'proxy_protocol' : 'X-Forwarded-For'};`,
        ].join('\n')
      : '',
    postgresqlSharedBuffersMiB: '256',
    postgresqlCacheMiB: '1024',
    redisServer: '/usr/bin/redis6-server',
  };
}

function certificateEnvironment(settings: ParentSettings): Record<string, string> {
  const { https, stack } = settings;
  if (https.by === 'balancer')
    return { CERTIFICATE_NAME: `${stack}.communique.internal`, FIRST_CERTIFICATE_DAYS: '3650' };
  return {
    CERTIFICATE_NAME: https.domain,
    FIRST_CERTIFICATE_DAYS: '7',
    ACME_EMAIL: https.email,
    CERTIFICATE_SECRET_ARN: https.keptInSecret,
    ...(https.acmeDirectory === undefined ? {} : { ACME_DIRECTORY: https.acmeDirectory }),
  };
}

/** The list that fetch-secrets reads. */
function secretsList({ secrets, database, redis }: ParentSettings): Record<string, object> {
  return {
    ...Object.fromEntries(Object.entries(secrets).map(([name, arn]) => [name, { arn }])),
    ...(database.at === 'managed'
      ? {
          DATABASE_URL: {
            arn: database.secretArn,
            postgresql: {
              host: database.host,
              port: database.port,
              database: database.name,
              parameters: '?sslmode=verify-full',
            },
          },
        }
      : {}),
    ...(redis.at === 'managed'
      ? { REDIS_URL: { arn: redis.secretArn, redis: { host: redis.host, port: redis.port } } }
      : {}),
  };
}
