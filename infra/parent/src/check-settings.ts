import { isIP } from 'node:net';
import {
  type ENCLAVE_SECRETS,
  parseEnvironment,
  unknownVariable,
  VARIABLES,
  type GatewayConfig,
} from '@communique-tee/gateway-environment';
import { gatewayEnvironment } from './gateway-environment';
import { RESERVED_VARIABLES, type ParentSettings } from './settings';

export class ParentSettingsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `the parent's settings have ${String(problems.length)} problem(s):\n${problems.map((line) => `  ${line}`).join('\n')}`,
    );
    this.name = 'ParentSettingsError';
  }
}

/** Excludes characters that a shell, certbot or an ACME directory would misread. */
export const EMAIL_ADDRESS =
  /^[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?=[^@]{4,190}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/;

/** certbot writes renewal/<domain>.conf, and a file's name has at most 255 bytes (NAME_MAX). */
export const LONGEST_CERTBOT_DOMAIN = 255 - '.conf'.length;

/** Made-up values that satisfy the gateway's rules. The real ones arrive when the gateway starts. */
const STAND_IN_SECRETS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgresql://stand-in.example/communique',
  REDIS_URL: 'rediss://stand-in.example',
};

/** Only the enclave calls model providers. For each variable about them: where the operator sets it, instead of at the gateway. */
const PLACE_IN_ENCLAVE: Readonly<Record<string, string>> = {
  OPENAI_API_KEY: 'npm run ops -- secrets put openai-api-key',
  OPENAI_ORGANIZATION: 'services.agents.providers.openai.organization of its configuration',
  GOOGLE_AI_API_KEY: 'npm run ops -- secrets put gemini-api-key',
  GEMINI_API_KEY: 'npm run ops -- secrets put gemini-api-key',
  ANTHROPIC_API_KEY: 'npm run ops -- secrets put anthropic-api-key',
} satisfies Record<(typeof ENCLAVE_SECRETS)[number], string>;

/** Variables of Node, the loader, TLS libraries and shells, which can change the code that runs and the certificates that it trusts. */
const OF_THE_RUNTIME = /^(NODE_|LD_|SSL|OPENSSL|GLIBC_|MALLOC_|UV_|BASH|(HTTPS?|ALL|NO)_PROXY$|PATH$|IFS$)/;

const PATTERNS = {
  stack: [/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and -'],
  region: [/^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$/, 'must be the name of a region like us-east-1'],
  bucket: [/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket'],
  key: [/^[A-Za-z0-9!_.*'()/-]{1,512}$/, "must be a key of S3 of letters, digits and !_.*'()/-"],
  versionId: [/^[A-Za-z0-9_.-]{1,1024}$/, 'must be a VersionId of S3'],
  sha384: [/^[0-9a-f]{96}$/, 'must be 96 hexadecimal digits in lower case'],
  sha256: [/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case'],
  host: [
    /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    'must be a name in lower case or an IPv4 address',
  ],
  email: [EMAIL_ADDRESS, 'must be an email address'],
  arn: [
    /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]{1,512}$/,
    'must be the ARN of a secret',
  ],
  volume: [/^vol-[0-9a-f]{8,17}$/, 'must be the id of a volume'],
  allocation: [/^eipalloc-[0-9a-f]{8,17}$/, 'must be the allocation id of an Elastic IP'],
  name: [/^[a-z_][a-z0-9_]{0,62}$/, 'must be the name of a database'],
  secretName: [/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and -'],
  groupName: [/^[A-Za-z0-9._-]{1,255}$/, 'must be letters, digits and ._-'],
  logGroup: [/^\/[A-Za-z0-9._/-]{1,200}$/, 'must begin with / and contain only letters, digits and ._/-'],
  https: [/^https:\/\/[A-Za-z0-9._~:/?=-]{1,500}$/, 'must be an https URL'],
} as const;

/** `gateway.environment` must not set these. */
const reserved: ReadonlySet<string> = new Set(RESERVED_VARIABLES);
const ZERO = /^0+$/;
const MIN_ENCLAVE_MIB = 64;
const certbotDomain = `must have at most ${String(LONGEST_CERTBOT_DOMAIN)} characters, since certbot names a file after it`;

/**
 * Checks the settings. Except for the gateway's variables, valid values can be written unquoted into shell, systemd, nginx and YAML files.
 * @returns the gateway's configuration as the gateway will read it, except its secrets
 * @throws ParentSettingsError
 */
export function checkSettings(settings: ParentSettings): GatewayConfig {
  const problems: string[] = [];
  const problem = (where: string, rule: string) => {
    // Report only the first problem of each value.
    if (!problems.some((line) => line.startsWith(`${where}: `))) problems.push(`${where}: ${rule}`);
  };
  const match = (where: string, value: string, pattern: keyof typeof PATTERNS) => {
    const [form, rule] = PATTERNS[pattern];
    if (!form.test(value)) problem(where, rule);
  };
  const whole = (where: string, value: number | undefined, min: number, max: number) => {
    if (value !== undefined && (!Number.isInteger(value) || value < min || value > max))
      problem(where, `must be a whole number from ${String(min)} to ${String(max)}`);
  };

  match('stack', settings.stack, 'stack');
  match('region', settings.region, 'region');
  match('storeBucket', settings.storeBucket, 'bucket');
  match('image.key', settings.image.key, 'key');
  match('image.versionId', settings.image.versionId, 'versionId');
  match('image.sha384', settings.image.sha384, 'sha384');
  match('release.key', settings.release.key, 'key');
  match('release.sha256', settings.release.sha256, 'sha256');
  match('logGroupPrefix', settings.logGroupPrefix, 'logGroup');
  match('launchHook.group', settings.launchHook.group, 'groupName');
  match('launchHook.name', settings.launchHook.name, 'groupName');
  whole('launchHook.timeoutSeconds', settings.launchHook.timeoutSeconds, 600, 7200);
  checkMeasurements(settings, match, problem);

  const { cpuCount, memoryMiB, cid, port } = settings.enclave;
  whole('enclave.cpuCount', cpuCount, 1, 448);
  whole('enclave.memoryMiB', memoryMiB, MIN_ENCLAVE_MIB, 4_000_000);
  if (memoryMiB % 2 !== 0) problem('enclave.memoryMiB', 'must be even: it is reserved in pages of 2 MiB');
  whole('enclave.cid', cid, 4, 4_294_967_294);
  whole('enclave.port', port, 1, 4_294_967_294);
  whole('gateway.port', settings.gateway.port, 1024, 65_535);
  whole('gateway.metricsPort', settings.gateway.metricsPort, 1024, 65_535);
  whole('gateway.memoryMiB', settings.gateway.memoryMiB, 256, 1_000_000);

  if (settings.egress.length === 0 || settings.egress.length > 32) problem('egress', 'must name 1 to 32 destinations');
  settings.egress.forEach((route, index) => {
    match(`egress.${String(index)}.host`, route.host, 'host');
    whole(`egress.${String(index)}.port`, route.port, 1, 65_535);
    whole(`egress.${String(index)}.vsockPort`, route.vsockPort, 1024, 4_294_967_294);
    if (route.vsockPort === 9000 || route.vsockPort === 9001)
      problem(`egress.${String(index)}.vsockPort`, 'is the port of the heartbeat (9000) or of the log (9001)');
  });
  if (new Set(settings.egress.map(({ vsockPort }) => vsockPort)).size !== settings.egress.length)
    problem('egress', 'names a vsock port twice');

  checkVariables(settings, match, problem);
  checkDatabase(settings, match, whole);
  checkRedis(settings, match, whole);
  checkHttps(settings, match, problem);
  if (settings.elasticIpAllocationId !== undefined)
    match('elasticIpAllocationId', settings.elasticIpAllocationId, 'allocation');
  const config = checkEnvironment(settings, problems.length > 0, problem);
  if (config === undefined || problems.length > 0) throw new ParentSettingsError(problems);
  return config;
}

type Match = (where: string, value: string, pattern: keyof typeof PATTERNS) => void;
type Problem = (where: string, rule: string) => void;

function checkMeasurements(
  { image, acceptedPcr0, operatorPcr3 }: ParentSettings,
  match: Match,
  problem: Problem,
): void {
  for (const [where, pcr0] of [
    ['image.pcr0', image.pcr0],
    ...acceptedPcr0.map((each, index) => [`acceptedPcr0.${String(index)}`, each] as const),
  ] as const) {
    match(where, pcr0, 'sha384');
    if (ZERO.test(pcr0)) problem(where, 'is all zero: an enclave in debug mode');
  }
  match('operatorPcr3', operatorPcr3, 'sha384');
  if (ZERO.test(operatorPcr3)) problem('operatorPcr3', 'is all zero: a parent without a role');
  if (!acceptedPcr0.includes(image.pcr0))
    problem('acceptedPcr0', 'does not contain image.pcr0: the gateway would refuse its own enclave');
}

function checkVariables(
  { gateway, secrets, enclaveSecrets, database, redis }: ParentSettings,
  match: Match,
  problem: Problem,
): void {
  for (const [name, value] of Object.entries(gateway.environment)) {
    const rule = problemOfVariable(name, value);
    if (rule !== undefined) problem(`gateway.environment.${name}`, rule);
  }
  for (const [name, arn] of Object.entries(secrets)) {
    match(`secrets.${name}`, arn, 'arn');
    if (!Object.hasOwn(STAND_IN_SECRETS, name))
      problem(`secrets.${name}`, `must be one of ${Object.keys(STAND_IN_SECRETS).join(', ')}`);
  }
  for (const [name, arn] of Object.entries(enclaveSecrets)) {
    match(`enclaveSecrets.${name}`, name, 'secretName');
    match(`enclaveSecrets.${name}`, arn, 'arn');
  }
  const owned: readonly (readonly [string, boolean])[] = [
    ['DATABASE_URL', database.at === 'external'],
    ['REDIS_URL', redis.at === 'external'],
  ];
  for (const [name, needed] of owned) {
    if (needed !== Object.hasOwn(secrets, name))
      problem(`secrets.${name}`, needed ? 'is needed' : 'must be absent: the renderer makes this variable');
  }
}

/** Returns why the operator may not set this variable, without its value. `checkEnvironment` applies the gateway's own rules. */
function problemOfVariable(name: string, value: string): string | undefined {
  if (reserved.has(name)) return 'is set by the deployment itself: leave it out';
  if (Object.hasOwn(PLACE_IN_ENCLAVE, name))
    return `is for the enclave and not for the gateway: ${PLACE_IN_ENCLAVE[name] ?? ''} (docs/operator/agents.md)`;
  if (Object.hasOwn(STAND_IN_SECRETS, name))
    return 'is a secret, which the parent fetches from Secrets Manager: leave it out';
  if (!Object.hasOwn(VARIABLES, name))
    return OF_THE_RUNTIME.test(name)
      ? 'is not a variable of the gateway but of Node, the loader, TLS or a shell: it could change which code runs, or which certificates are trusted'
      : unknownVariable(name);
  if (/[\p{Cc}\u2028\u2029]/u.test(value) || !value.isWellFormed() || value.length > 16_384)
    return 'must be one line of at most 16384 characters, without control characters';
  return undefined;
}

/** Checks the variables with the gateway's own rules. `isWrong`: whether earlier checks found problems. */
function checkEnvironment(settings: ParentSettings, isWrong: boolean, problem: Problem): GatewayConfig | undefined {
  const parsed = parseEnvironment({ ...STAND_IN_SECRETS, ...gatewayEnvironment(settings) });
  if (parsed.ok) return parsed.config;
  for (const line of parsed.problems) {
    const at = line.indexOf(': ');
    const name = line.slice(0, at);
    // A reserved variable comes from other settings, and their problems are listed already.
    if (!isWrong || !reserved.has(name)) problem(`gateway.environment.${name}`, line.slice(at + 2));
  }
  return undefined;
}

function checkDatabase(
  { database }: ParentSettings,
  match: Match,
  whole: (where: string, value: number, min: number, max: number) => void,
): void {
  if (database.at === 'parent') match('database.volumeId', database.volumeId, 'volume');
  if (database.at !== 'managed') return;
  match('database.host', database.host, 'host');
  whole('database.port', database.port, 1, 65_535);
  match('database.name', database.name, 'name');
  match('database.secretArn', database.secretArn, 'arn');
}

function checkRedis(
  { redis }: ParentSettings,
  match: Match,
  whole: (where: string, value: number, min: number, max: number) => void,
): void {
  if (redis.at !== 'managed') return;
  match('redis.host', redis.host, 'host');
  whole('redis.port', redis.port, 1, 65_535);
  match('redis.secretArn', redis.secretArn, 'arn');
}

function checkHttps({ https }: ParentSettings, match: Match, problem: Problem): void {
  if (https.by === 'certbot') {
    match('https.domain', https.domain, 'host');
    if (https.domain.length > LONGEST_CERTBOT_DOMAIN) problem('https.domain', certbotDomain);
    match('https.email', https.email, 'email');
    match('https.keptInSecret', https.keptInSecret, 'arn');
    if (https.acmeDirectory !== undefined) match('https.acmeDirectory', https.acmeDirectory, 'https');
    return;
  }
  if (https.networks.length === 0) problem('https.networks', "must name the balancer's networks");
  https.networks.forEach((block, index) => {
    const [address = '', bits = '', ...rest] = block.split('/');
    const family = isIP(address);
    // nginx believes the client address that these networks report. With /0 any client could choose its address.
    if (
      family === 0 ||
      rest.length > 0 ||
      !/^[0-9]{1,3}$/.test(bits) ||
      Number(bits) < 8 ||
      Number(bits) > (family === 4 ? 32 : 128)
    )
      problem(`https.networks.${String(index)}`, 'must be a CIDR block of /8 or smaller');
  });
}
