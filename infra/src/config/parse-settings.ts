import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { checkCapacity, defaultCapacity } from '../instances/capacity';
import { findInstanceType, type Architecture } from '../instances/instance-types';
import { PRICE_TABLE, priceTableSha256 } from '@communique-tee/agents';
import { givenText, VARIABLES } from '@communique-tee/gateway-environment';
import { PROJECT } from '../names';
import { KEY_OF_VARIABLE, problemsOfParent } from './check-parent';
import { adoptedNetworkProblems } from './adopted-network';
import { addressProblems } from './address-only';
import { ConfigError } from './config-error';
import {
  kmsRegionsOf,
  readEnclaveImage,
  type EnclaveImage,
  type ImageResidence,
  type LongestAnswerMs,
} from './enclave-image';
import { readEnclaveConfiguration, type EnclaveConfiguration } from './enclave-configuration';
import { readRelease, type Release } from './release';
import { readValues } from './read-values';
import { ENCLAVE_SECRETS_BY_DEFAULT, settingsSchema, type RawSettings } from './settings-schema';
import { notBuilt } from './stand-ins';

/** The retention times that CloudWatch accepts for logs, in days. */
const RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** ACM's limit for a certificate's first name: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html. */
const LONGEST_CERTIFIED_NAME = 64;

export interface Settings extends Omit<
  RawSettings,
  | 'addressOnly'
  | 'authAudience'
  | 'authJwksUrl'
  | 'enclaveCpuCount'
  | 'enclaveMemoryMiB'
  | 'gatewayEnvironment'
  | 'imageFolder'
  | 'maxInstances'
  | 'releaseFile'
> {
  stack: string;
  region: string;
  maxInstances: number;
  enclaveCpuCount: number;
  enclaveMemoryMiB: number;
  authAudience: string;
  authJwksUrl: string;
  architecture: Architecture;
  image: EnclaveImage;
  release: Release;
  /** With `imageBuild`: the enclave's configuration that CodeBuild puts into the image. */
  enclaveConfiguration?: EnclaveConfiguration;
  gatewayEnvironment: Readonly<Record<string, string>>;
  /** PCR0 of the image, then those in `acceptedPcr0`, without repetitions. */
  acceptedImages: readonly string[];
}

export interface ParseOptions {
  /** The checkout. */
  root: string;
  /** Makes a stand-in for image and release (`--without-image`, `cost`). Not set in a run under Pulumi's CLI. */
  standIn?: (architecture: Architecture) => { image: EnclaveImage; release: Release };
  /** In a preview, measurements.json and release.json are enough. */
  previewing?: boolean;
}

/**
 * Reads and checks a stack's configuration.
 * @param values Pulumi's values by `<namespace>:<key>`; only the namespaces `communique-tee` and `aws` are read
 * @throws ConfigError with all problems
 */
export function parseSettings(
  stack: string,
  values: Readonly<Record<string, string>>,
  options: ParseOptions,
): Settings {
  const { own, raw, wrong, missing, region, problems } = readValues(stack, values);
  problems.push(...missing);
  const architecture = architectureOf(raw.instanceType);
  const standIn = options.standIn?.(architecture);
  const folder = raw.imageFolder ?? join('dist', 'image', `${stack}-${architecture}`);
  const reading = standIn
    ? { image: standIn.image }
    : readEnclaveImage(isAbsolute(folder) ? folder : join(options.root, folder), {
        eifMayBeAbsent: options.previewing === true,
      });
  if ('problems' in reading)
    problems.push(
      ...reading.problems.map(
        (problem) => `${problem}: npm run image -- build --stack ${stack} --arch ${architecture}`,
      ),
    );
  const image = 'image' in reading ? reading.image : undefined;
  const releaseFile = raw.releaseFile ?? join('dist', 'release', `${PROJECT}-${architecture}.tar.gz`);
  const releaseReading = standIn
    ? { release: standIn.release }
    : readRelease(isAbsolute(releaseFile) ? releaseFile : join(options.root, releaseFile), architecture, {
        mayBeAbsent: options.previewing === true,
      });
  const release = 'release' in releaseReading ? releaseReading.release : undefined;
  if ('problem' in releaseReading) problems.push(releaseReading.problem);
  const configurationReading = raw.imageBuild === true ? readEnclaveConfiguration(options.root, stack) : undefined;
  if (configurationReading && 'problem' in configurationReading && !standIn)
    problems.push(configurationReading.problem);
  if (image && !standIn && image.stack !== stack)
    problems.push(`imageFolder: that image has the configuration of stack ${image.stack} inside, not of ${stack}`);
  if (image && image.routes.length === 0)
    problems.push('imageFolder: that image knows no egress route, so it could deliver nothing');

  if (image) problems.push(...unreachable(image));

  for (const other of image ? kmsRegionsOf(image.routes).filter((of) => region.success && of !== region.data) : [])
    problems.push(`imageFolder: that image asks KMS in ${other}, and the stack's keys are in ${String(region.data)}`);

  if (image && !standIn && image.custody !== 'kms' && ((raw.instances ?? 1) > 1 || (raw.maxInstances ?? 1) > 1)) {
    const which =
      image.custody === undefined
        ? 'an image that does not say where its keys are kept (build it again)'
        : "an image of custody process, whose enclaves cannot open each other's messages";
    problems.push(
      `instances: ${which}; several parents share one queue, and a parent would end messages for another parent's enclave as key_retired: take an image of custody kms, or instances 1`,
    );
  }

  if (image && !standIn) problems.push(...disagreement(raw, image.residence), ...agentsDisagreement(raw, image));

  const elsewhere = (raw.availabilityZones ?? []).filter((zone) => region.success && zone.slice(0, -1) !== region.data);
  if (elsewhere.length > 0) problems.push(`availabilityZones ${elsewhere.join(', ')}: not in ${String(region.data)}`);

  const inAnotherRegion = (arn: string | undefined): string | undefined => {
    const of = arn?.split(':')[3];
    return region.success && of !== region.data ? of : undefined;
  };
  const certificateRegion = inAnotherRegion(raw.certificateArn);
  if (certificateRegion !== undefined)
    problems.push(
      `certificateArn: is in ${certificateRegion}, and a balancer takes one of its own region, ${String(region.data)}`,
    );
  const secretRegion = inAnotherRegion(raw.databaseUrlSecret);
  if (secretRegion !== undefined)
    problems.push(
      `databaseUrlSecret: is in ${secretRegion}, and the parents read only secrets of ${String(region.data)}`,
    );

  const environment = gatewayEnvironment(raw.gatewayEnvironment, problems);
  if (image && !standIn) problems.push(...impatience(environment, raw.agents, image.longestAnswerMs));
  if (URL.parse(environment['PAGE_VERIFIER_URL']?.trim() ?? '')?.hostname === (raw.domain ?? ''))
    problems.push(
      'gatewayEnvironment: PAGE_VERIFIER_URL names the gateway itself (domain), which must not serve the command that checks it: publish that command on another server',
    );
  const { instanceType } = raw;
  const { enclaveCpuCount = 2, enclaveMemoryMiB = 3072 } = { ...defaultCapacity(instanceType), ...raw };
  const isWrong = (key: string): boolean => wrong.some((problem) => problem.startsWith(`${key}:`));
  if (instanceType !== undefined && !isWrong('enclaveCpuCount') && !isWrong('enclaveMemoryMiB')) {
    problems.push(
      ...checkCapacity({
        instanceType,
        enclaveCpuCount,
        enclaveMemoryMiB,
        storesOnParent: raw.database === 'parent' || raw.redis === 'parent',
        ...(image && { image }),
      }),
    );
  }
  problems.push(...checkTogether(raw, [...wrong, ...missing]));
  const whole = settingsSchema.safeParse(own);
  if (problems.length === 0 && whole.success && region.success && image && release) {
    const settings = complete(whole.data, {
      stack,
      region: region.data,
      architecture,
      image,
      release,
      ...(configurationReading &&
        'configuration' in configurationReading && { enclaveConfiguration: configurationReading.configuration }),
      gatewayEnvironment: environment,
    });
    problems.push(...problemsOfParent(settings));
    if (problems.length === 0) return settings;
  } else {
    // Replace each missing or wrong value by a valid one, so that the other values are checked together too.
    const others = complete(
      { ...settingsSchema.parse(EXAMPLE), ...raw },
      {
        ...EXAMPLE_PLACE,
        architecture,
        ...notBuilt(architecture),
        ...(image && { image }),
        gatewayEnvironment: environment,
      },
    );
    const listed = new Set(problems.map(keyOf));
    problems.push(
      ...problemsOfParent(others).filter((problem) => {
        const key = keyOf(problem);
        return key === 'gatewayEnvironment' || !listed.has(key);
      }),
    );
  }
  throw new ConfigError(stack, problems);
}

/** The key of a problem such as `aws:region: …` or `enclaveMemoryMiB 3001: …`. */
const keyOf = (problem: string): string => problem.split(/:? /)[0] ?? '';

const EXAMPLE_PLACE = { stack: 'dev', region: 'us-east-1' };

/** Values for the keys that have no default. */
const EXAMPLE = {
  domain: 'communique.example.org',
  availabilityZones: 'us-east-1a,us-east-1b',
  keyAdministrators: 'arn:aws:iam::123456789012:role/deployer',
  authIssuer: 'https://id.example.org/',
  alarmEmail: 'operator@example.org',
  monthlyBudgetUsd: '1',
};

function complete(
  raw: RawSettings,
  found: Pick<
    Settings,
    'stack' | 'region' | 'architecture' | 'image' | 'release' | 'enclaveConfiguration' | 'gatewayEnvironment'
  >,
): Settings {
  const {
    maxInstances = raw.instances,
    imageFolder: _folder,
    releaseFile: _release,
    gatewayEnvironment: _environment,
    addressOnly: _addressOnly,
    authAudience = `https://${raw.domain}`,
    authJwksUrl = `${raw.authIssuer.replace(/\/$/, '')}/.well-known/jwks.json`,
    enclaveCpuCount = defaultCapacity(raw.instanceType).enclaveCpuCount,
    enclaveMemoryMiB = defaultCapacity(raw.instanceType).enclaveMemoryMiB,
    ...rest
  } = raw;
  return {
    ...rest,
    ...found,
    maxInstances,
    authAudience,
    authJwksUrl,
    enclaveCpuCount,
    enclaveMemoryMiB,
    acceptedImages: [...new Set([found.image.pcr0, ...rest.acceptedPcr0])],
  };
}

const architectureOf = (instanceType = ''): Architecture =>
  findInstanceType(instanceType)?.architecture ?? (/^[a-z]+\d+g/.test(instanceType) ? 'arm64' : 'x86_64');

/**
 * Returns the operator's variables for the gateway. Adds a problem for each variable that is no text, or that another setting determines.
 * No problem quotes a value, because it may be secret.
 */
function gatewayEnvironment(text: string | undefined, problems: string[]): Record<string, string> {
  const parsed = z.record(z.string(), z.unknown()).safeParse(text === undefined ? {} : parseJson(text));
  if (!parsed.success) {
    problems.push('gatewayEnvironment: a JSON object of variables like {"LOG_LEVEL": "warn"}');
    return {};
  }
  return Object.fromEntries(
    Object.entries(parsed.data).filter((entry): entry is [string, string] => {
      const [name, value] = entry;
      const key = Object.hasOwn(KEY_OF_VARIABLE, name) ? KEY_OF_VARIABLE[name] : undefined;
      if (key !== undefined) problems.push(`gatewayEnvironment: ${name} belongs to the key ${key}: set that one`);
      else if (typeof value !== 'string') problems.push(`gatewayEnvironment: ${name} must be a text: put it in quotes`);
      return key === undefined && typeof value === 'string';
    }),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Differences between the gateway's and the enclave's settings about residence. With any of them the gateway would never become ready. */
function disagreement(raw: Partial<RawSettings>, image: ImageResidence | undefined): string[] {
  const { residence = 'off', residenceRegistrar: registrar, residenceKeys: keys = [] } = raw;
  if (image === undefined)
    return residence === 'off'
      ? []
      : ['residence: that image does not say whether its enclaves check a proof of residence: build it again'];
  if (image.mode !== residence)
    return [`residence: ${residence} here, and ${image.mode} in the configuration inside the image`];
  if (image.mode === 'off') return [];
  return [
    ...(registrar === image.registrar
      ? []
      : [`residenceRegistrar: the configuration inside the image names ${image.registrar}`]),
    ...([...keys].sort().join() === [...image.keys].sort().join()
      ? []
      : ['residenceKeys: the configuration inside the image names other keys']),
  ];
}

/** Returns a problem for each destination that the image's services need but no egress route reaches. */
function unreachable({ destinations = [], routes }: EnclaveImage): string[] {
  return destinations
    .filter((to) => !routes.some(({ host, port }) => host === to.host && port === to.port))
    .map(
      ({ host, port }) =>
        `imageFolder: that image has to reach ${host}:${port} and has no egress route there: add it to egress.routes of its configuration and build again`,
    );
}

/** Problems if gateway and enclave disagree about tasks or prices, or if the enclave needs secrets that the parent does not deliver. */
function agentsDisagreement(
  { agents = 'off', enclaveSecrets = ENCLAVE_SECRETS_BY_DEFAULT }: Partial<RawSettings>,
  image: EnclaveImage,
): string[] {
  const missing = (image.secrets ?? []).filter((name) => !(enclaveSecrets as readonly string[]).includes(name));
  return [
    ...(agents === 'on' && image.agents !== 'on'
      ? ['agents: on here, and the configuration inside the image has no services.agents (or the build did not say)']
      : []),
    ...(agents === 'on' && image.prices !== undefined && image.prices.sha256 !== priceTableSha256(PRICE_TABLE)
      ? [
          `agents: that image calculates by the prices ${image.prices.version}, and this checkout by ${PRICE_TABLE.version}, so the gateway would take no task: build image and release from one commit`,
        ]
      : []),
    ...(missing.length > 0
      ? [
          `enclaveSecrets: the configuration inside the image names ${missing.join(', ')}, which its enclave would not get (docs/operator/agents.md)`,
        ]
      : []),
  ];
}

/** The gateway must wait this much longer than the enclave's limit: it connects before the limit begins, and reads the answer after it. */
const ANSWER_MARGIN_MS = 5000;

/**
 * Problems if the gateway's timeout is shorter than the enclave's longest answer. The gateway would then get the answer only with its next
 * attempt. If the enclave restarts before that attempt, a message could end as `unknown`.
 */
function impatience(
  environment: Readonly<Record<string, string>>,
  agents: RawSettings['agents'] = 'off',
  { message = 0, keys = 0, task = 0 }: LongestAnswerMs = {},
): string[] {
  const check = (name: 'ENCLAVE_TIMEOUT_MS' | 'AGENT_TIMEOUT_MS', longestMs: number, what: string): string[] => {
    const waitsMs = VARIABLES[name].safeParse(givenText(environment[name])).data;
    const leastMs = longestMs + ANSWER_MARGIN_MS;
    if (longestMs === 0 || waitsMs === undefined || waitsMs >= leastMs) return [];
    return [
      `gatewayEnvironment: ${name} is ${String(waitsMs)}, and by the configuration inside the image ${what} may take ${String(longestMs)} ms: set it to ${String(leastMs)} or more`,
    ];
  };
  return [
    ...check(
      'ENCLAVE_TIMEOUT_MS',
      Math.max(message, keys),
      message >= keys ? 'one attempt at a message' : 'an offer of keys',
    ),
    ...(agents === 'on' ? check('AGENT_TIMEOUT_MS', task, 'a task') : []),
  ];
}

/** Contradictions between keys that are each valid. */
function checkTogether(raw: Partial<RawSettings>, wrong: readonly string[]): string[] {
  const problems: string[] = [];
  /** Whether a key is not set, and no problem in `wrong` names it. */
  const missing = (key: keyof RawSettings): boolean =>
    raw[key] === undefined && !wrong.some((problem) => problem.startsWith(`${key}:`));
  const several = (raw.instances ?? 1) > 1 || (raw.maxInstances ?? 1) > 1;
  if (raw.production && raw.keyAdministrators?.length === 1)
    problems.push(
      'keyAdministrators: one is too few for production, because no other person could change the keys’ policies; name two roles that different people can assume',
    );
  for (const store of ['database', 'redis'] as const) {
    if (raw[store] !== 'parent') continue;
    if (raw.production)
      problems.push(`${store} parent: one disk in one zone is not for production; take managed or external`);
    if (several)
      problems.push(
        `${store} parent: several instances cannot share the disk of one; take managed or external, or instances 1`,
      );
  }
  if (several && raw.balancer === 'none')
    problems.push('balancer none: several instances need one; take application or network');
  if (raw.maxInstances !== undefined && raw.maxInstances < (raw.instances ?? 1))
    problems.push(`maxInstances ${raw.maxInstances}: fewer than instances ${raw.instances}`);
  problems.push(...addressProblems({ natPerZone: raw.natPerZone ?? false, addresses: raw.addresses ?? [] }));
  problems.push(...adoptedNetworkProblems(raw, wrong));
  if (raw.balancer !== 'none' && missing('hostedZone') && missing('certificateArn'))
    problems.push(
      "hostedZone: is missing; ACM validates the balancer's certificate by a record in that zone. Set hostedZone, or name a certificate of yours (certificateArn)",
    );
  if (raw.balancer !== 'none' && (raw.domain?.length ?? 0) > LONGEST_CERTIFIED_NAME)
    problems.push(
      `domain: ${raw.domain?.length} characters; ACM's certificate for a balancer takes at most ${LONGEST_CERTIFIED_NAME}`,
    );
  if (
    raw.hostedZone !== undefined &&
    raw.domain !== undefined &&
    raw.domain !== raw.hostedZone &&
    !raw.domain.endsWith(`.${raw.hostedZone}`)
  )
    problems.push(`domain ${raw.domain}: is not in the zone ${raw.hostedZone}`);
  if (raw.redis === 'managed' && missing('redisAuthToken'))
    problems.push('redisAuthToken: is missing: pulumi config set --secret redisAuthToken ...');
  if (raw.logRetentionDays !== undefined && !RETENTIONS.includes(raw.logRetentionDays))
    problems.push(`logRetentionDays ${raw.logRetentionDays}: CloudWatch knows ${RETENTIONS.join(', ')}`);
  if (
    raw.imageBuild &&
    (missing('imageBuildRepository') || missing('imageBuildCommit') || raw.imageBuildDebianMirror?.length === 0)
  )
    problems.push('imageBuild: needs imageBuildRepository, imageBuildCommit and imageBuildDebianMirror');
  return problems;
}
