import * as z from 'zod';
import { Unavailable } from '../check';
import type { Ports } from '../ports';
import type { TimeLimitError } from '../runner/time-limit';
import type { StackFile } from './stack-file';

/** What checks need to know about the stack that `pulumi up` would make. Infra's preview supplies it. */
export interface Plan {
  /** The instance type that infra chose. */
  readonly instanceType: string;
  readonly architecture: 'arm64' | 'x86_64';
  readonly zones: readonly string[];
  /** The operator's own network; undefined if the stack makes a network. */
  readonly adoptedNetwork: AdoptedNetwork | undefined;
  readonly instances: number;
  readonly maxInstances: number;
  /** The most instances that run at once, while an instance refresh replaces some of them. */
  readonly instancesWhileReplacing: number;
  readonly elasticIps: number;
  /** The names that the stack's buckets have in this account. */
  bucketsIn(accountId: string): string[];
  /** The names (`communique-tee/<stack>/...`) of the secrets that the stack makes. */
  readonly secrets: readonly string[];
  /** ARN of the operator's own secret with the database's URL; undefined without one. */
  readonly databaseUrlSecret: string | undefined;
  readonly database: 'parent' | 'managed' | 'external';
  readonly redis: 'parent' | 'managed' | 'external';
  readonly balancer: boolean;
  readonly budget: boolean;
  /** Undefined if the image or the release is not built. */
  readonly image: { readonly pcr0: string; readonly commit: string; readonly version: string } | undefined;
  /** Whether the page can prove residence: the release contains the reference string. Undefined if image or release is not built. */
  readonly referenceString: boolean | undefined;
  /** Problems of image and release that infra reports if the rest of the configuration is valid. */
  readonly artifactProblems: readonly string[];
}

export interface AdoptedNetwork {
  readonly vpcId: string;
  /** In the order of the zones. */
  readonly publicSubnets: readonly string[];
  /** In the order of the zones. */
  readonly privateSubnets: readonly string[];
  /** Security group of the operator's database. The stack adds a rule that admits its parents. */
  readonly databaseSecurityGroup: string | undefined;
}

/** The configuration cannot work, whatever the image and the release. */
export class PlanRefused extends Unavailable {
  constructor(readonly problems: readonly string[]) {
    super('the stack’s configuration cannot work: see configuration', 'configuration');
    this.name = 'PlanRefused';
  }
}

export class PlanTimeLimitError extends Unavailable {
  constructor(cause: TimeLimitError) {
    super('the stack’s configuration was not checked in time: see configuration', 'configuration', cause);
    this.name = 'PlanTimeLimitError';
    this.found = `infra’s preview ${cause.message}`;
  }
  readonly found: string;
}

const resource = z.object({ type: z.string(), name: z.string(), inputs: z.record(z.string(), z.unknown()) });
const previewSchema = z.object({
  resources: z.array(resource).max(10_000),
  outputs: z.object({
    measurements: z.object({ pcr0: z.string().max(200) }),
    image: z.object({ commit: z.string().max(200), version: z.string().max(100) }),
    release: z.object({ referenceString: z.boolean() }),
    secrets: z.record(z.string(), z.unknown()),
    network: z.object({
      vpcId: z.string().max(100),
      zones: z.array(z.string().max(100)).length(2),
      publicSubnets: z.array(z.string().max(100)).length(2),
      privateSubnets: z.array(z.string().max(100)).length(2),
      adopted: z.boolean(),
    }),
  }),
});
/** `notHere`: missing files of image and release. A preview works without them, `pulumi up` does not. */
const filesSchema = z.object({ notHere: z.array(z.string()).default([]) });
const DATABASE_URL = 'gateway/database-url';
/** The account id that infra's preview uses instead of the real one. */
const PREVIEW_ACCOUNT = '123456789012';

/** Runs infra's preview as a separate program, so that `signal` can end it. @throws PlanRefused, and the signal's reason */
export async function readPlan(ports: Ports, stack: string, stackFile: StackFile, signal: AbortSignal): Promise<Plan> {
  const args = [
    'tools/run.mjs',
    'tools/ops/main.ts',
    'preview',
    '--stack',
    stack,
    '--json',
    ...stackFile.changes.flatMap((change) => ['--config', change]),
  ];
  // Run both previews at once to save time, because usually no image is built and the first preview fails.
  const [whole, withoutImage] = await Promise.all([
    ports.runProgram(process.execPath, args, { signal }),
    ports.runProgram(process.execPath, [...args, '--without-image'], { signal }),
  ]);
  signal.throwIfAborted();
  if (whole.code === 0) {
    const { notHere } = filesSchema.catch({ notHere: [] }).parse(parseJson(whole.stdout));
    return { ...parsePlan(whole.stdout, notHere.length === 0), artifactProblems: notHere };
  }
  if (withoutImage.code !== 0) throw new PlanRefused(problemsIn(withoutImage.stderr));
  return { ...parsePlan(withoutImage.stdout, false), artifactProblems: problemsIn(whole.stderr) };
}

/** Returns the lines `  - <problem>` that infra prints for a ConfigError, or else the first line. */
function problemsIn(stderr: string): string[] {
  const listed = stderr
    .split('\n')
    .filter((line) => line.startsWith('  - '))
    .map((line) => line.slice(4));
  if (listed.length > 0) return listed;
  const first = stderr.split('\n').find((line) => line.trim() !== '');
  return [first === undefined ? 'infra’s preview did not run: is everything installed (npm ci)?' : first.slice(0, 300)];
}

function parsePlan(json: string, isBuilt: boolean): Omit<Plan, 'artifactProblems'> {
  const parsed = previewSchema.safeParse(parseJson(json));
  if (!parsed.success) throw new PlanRefused(['preflight does not understand the output of infra’s preview']);
  const { resources, outputs } = parsed.data;
  const ofType = (type: string) => resources.filter((made) => made.type === type);
  const input = (type: string, key: string): unknown => ofType(type)[0]?.inputs[key];
  const instanceType = z.string().max(32).catch('').parse(input('ec2.LaunchTemplate', 'instanceType'));
  const instances = z.coerce.number().int().catch(1).parse(input('autoscaling.Group', 'minSize'));
  const maxInstances = z.coerce.number().int().catch(1).parse(input('autoscaling.Group', 'maxSize'));
  const refresh = z
    .object({ preferences: z.object({ maxHealthyPercentage: z.coerce.number() }) })
    .safeParse(input('autoscaling.Group', 'instanceRefresh'));
  const percent = refresh.success ? refresh.data.preferences.maxHealthyPercentage : 200;
  // The stack adds a rule with such a name only to the security group of the operator's own database.
  const databaseSecurityGroup = z
    .string()
    .max(100)
    .optional()
    .parse(
      ofType('vpc.SecurityGroupIngressRule').find(({ name }) => name.includes('-stores-database-in-'))?.inputs[
        'securityGroupId'
      ],
    );
  const urlSecret = outputs.secrets[DATABASE_URL];
  const external = (path: string): boolean => Object.hasOwn(outputs.secrets, path);
  return {
    instanceType,
    architecture: /^[a-z]+\d+g/.test(instanceType) ? 'arm64' : 'x86_64',
    zones: outputs.network.zones,
    adoptedNetwork: outputs.network.adopted ? { ...outputs.network, databaseSecurityGroup } : undefined,
    instances,
    maxInstances,
    instancesWhileReplacing: Math.max(maxInstances, Math.ceil((instances * percent) / 100)),
    elasticIps: ofType('ec2.Eip').length,
    bucketsIn: (accountId) =>
      ofType('s3.Bucket').flatMap(({ inputs }) =>
        typeof inputs['bucket'] === 'string' ? [inputs['bucket'].replace(PREVIEW_ACCOUNT, accountId)] : [],
      ),
    databaseUrlSecret:
      typeof urlSecret === 'string' &&
      !ofType('secretsmanager.Secret').some(({ inputs }) => String(inputs['name']).endsWith(`/${DATABASE_URL}`))
        ? urlSecret
        : undefined,
    secrets: ofType('secretsmanager.Secret').flatMap(({ inputs }) =>
      // The parent itself writes its certificate's secret.
      typeof inputs['name'] === 'string' && !inputs['name'].endsWith('/parent/certificate') ? [inputs['name']] : [],
    ),
    database: ofType('rds.Instance').length > 0 ? 'managed' : external(DATABASE_URL) ? 'external' : 'parent',
    redis:
      ofType('elasticache.ReplicationGroup').length > 0
        ? 'managed'
        : external('gateway/redis-url')
          ? 'external'
          : 'parent',
    budget: ofType('budgets.Budget').length > 0,
    balancer: resources.some(({ type }) => /^(lb|alb|elasticloadbalancingv2)\./.test(type)),
    referenceString: isBuilt ? outputs.release.referenceString : undefined,
    image: isBuilt
      ? { pcr0: outputs.measurements.pcr0, commit: outputs.image.commit, version: outputs.image.version }
      : undefined,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
