import type { Settings } from '../config/parse-settings';
import { PRICES, type MicroUsd } from './prices';

export interface CostItem {
  item: string;
  count: number;
  /** What one costs a month, in words. */
  price: string;
  /** Dollars with two digits; null where the price is not in the table. */
  monthlyUsd: string | null;
}

export interface MonthlyCost {
  asOf: string;
  /** Whose prices these are, whatever region the stack is in. */
  pricesOf: string;
  items: CostItem[];
  /** Of what is known. */
  knownUsd: string;
  /** What comes on top. */
  unknown: string[];
  savingsPlan: SavingsPlan;
}

export interface SavingsPlan {
  /** What the parents cost an hour on demand: the most that a commitment (which is per hour) could replace. */
  onDemandPerHourUsd: string | null;
  note: string;
  /** To be considered by a person; nothing runs it. */
  command: string;
}

export type CostSettings = Pick<
  Settings,
  | 'region'
  | 'instanceType'
  | 'instances'
  | 'maxInstances'
  | 'rootVolumeGiB'
  | 'database'
  | 'databaseClass'
  | 'databaseStorageGiB'
  | 'production'
  | 'redis'
  | 'redisNodeType'
  | 'dataVolumeGiB'
  | 'dataSnapshots'
  | 'balancer'
  | 'natPerZone'
  | 'enclaveSecrets'
  | 'imageBuild'
>;

/** The stack's bill of a month by item, before anything is created. */
export function costOf(settings: CostSettings): MonthlyCost {
  const lines = linesOf(settings);
  const known = lines.reduce((sum, { each, count }) => sum + (each === null ? 0n : each * BigInt(count)), 0n);
  const perHour = PRICES.perHour[settings.instanceType];
  return {
    asOf: PRICES.asOf,
    pricesOf: PRICES.region,
    items: lines.map(({ item, count, price, each }) => ({
      item,
      count,
      price,
      monthlyUsd: each === null ? null : dollars(each * BigInt(count)),
    })),
    knownUsd: dollars(known),
    unknown: [
      ...lines.filter(({ each }) => each === null).map(({ item }) => item),
      'CloudWatch (logs by GB, metrics, alarms, dashboard)',
      'S3 and ECR storage and requests',
      'traffic out of AWS and between zones',
      'requests to KMS and Secrets Manager',
      ...(settings.database === 'parent'
        ? [
            `EBS snapshots of the data volume: ${settings.dataSnapshots} kept, each by what has changed since the one before`,
          ]
        : []),
      ...(settings.maxInstances > 1 ? ['NAT traffic: 0.045 USD per GB'] : []),
      ...(settings.imageBuild ? ['CodeBuild, per minute of a build'] : []),
      ...(settings.region === PRICES.region ? [] : [`what ${settings.region} differs by from ${PRICES.region}`]),
    ],
    savingsPlan: {
      onDemandPerHourUsd: perHour === undefined ? null : dollars(perHour * BigInt(settings.instances), 5),
      note: 'A commitment is dollars per HOUR for one or three years, used or not. Its rate is not in the table: ask AWS for it, and give it as --savings-rate to see what it would save.',
      command: `aws savingsplans describe-savings-plans-offering-rates --savings-plan-types Compute --service-codes AmazonEC2 --products EC2 --filters name=region,values=${settings.region} name=instanceType,values=${settings.instanceType} name=productDescription,values=Linux/UNIX name=tenancy,values=shared`,
    },
  };
}

/** @param ratePerHour the plan's own rate for one parent, in micro-dollars @returns dollars a month, or null where the type's price is not known */
export function savedByPlan(
  settings: Pick<CostSettings, 'instanceType' | 'instances'>,
  ratePerHour: MicroUsd,
): string | null {
  const onDemand = PRICES.perHour[settings.instanceType];
  return onDemand === undefined
    ? null
    : dollars((onDemand - ratePerHour) * BigInt(settings.instances) * PRICES.hoursPerMonth);
}

interface Line {
  item: string;
  count: number;
  price: string;
  /** A month; null: not known. */
  each: MicroUsd | null;
}

function linesOf(settings: CostSettings): Line[] {
  const { instances, instanceType } = settings;
  const hourly = (item: string, count: number, perHour: MicroUsd | undefined): Line => ({
    item,
    count,
    price: perHour === undefined ? 'not in the table' : `${dollars(perHour, 5)} an hour`,
    each: perHour === undefined ? null : perHour * PRICES.hoursPerMonth,
  });
  const monthly = (item: string, count: number, each: MicroUsd | null, unit = ''): Line => ({
    item,
    count,
    price: each === null ? 'not in the table' : `${dollars(each)}${unit} a month`,
    each,
  });
  const several = settings.maxInstances > 1;
  const nats = settings.natPerZone ? 2 : 1;
  const balancers = { none: undefined, application: 'Application Load Balancer', network: 'Network Load Balancer' }[
    settings.balancer
  ];
  const secrets =
    settings.enclaveSecrets.length + (settings.database === 'parent' ? 0 : 1) + (settings.redis === 'parent' ? 0 : 1);
  return [
    hourly(`EC2 ${instanceType} (parent)`, instances, PRICES.perHour[instanceType]),
    monthly('EBS gp3, root disks (GiB)', instances * settings.rootVolumeGiB, PRICES.gp3PerGiBMonth, ' per GiB'),
    ...(settings.database === 'parent'
      ? [monthly('EBS gp3, data volume (GiB)', settings.dataVolumeGiB, PRICES.gp3PerGiBMonth, ' per GiB')]
      : []),
    // A balancer has one address in each of its two zones.
    hourly('public IPv4 address', (several ? nats : 1) + (balancers === undefined ? 0 : 2), PRICES.publicIpv4PerHour),
    ...(several ? [hourly('NAT gateway', nats, PRICES.natGatewayPerHour)] : []),
    ...(balancers === undefined ? [] : [monthly(balancers, 1, null)]),
    monthly('KMS key (enclave, operator, alarms)', 3, PRICES.kmsKeyPerMonth),
    monthly('secret', secrets, PRICES.secretPerMonth),
    ...(settings.database === 'managed'
      ? [
          monthly(
            `RDS ${settings.databaseClass}, ${settings.databaseStorageGiB} GiB${settings.production ? ', two zones' : ''}`,
            1,
            null,
          ),
        ]
      : []),
    ...(settings.redis === 'managed'
      ? [monthly(`ElastiCache ${settings.redisNodeType}`, settings.production ? 2 : 1, null)]
      : []),
  ];
}

/** Rounded half up. */
function dollars(micro: MicroUsd, digits = 2): string {
  const unit = 10n ** BigInt(6 - digits);
  const rounded = (micro + unit / 2n) / unit;
  const text = rounded.toString().padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
