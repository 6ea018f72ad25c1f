import type { Settings } from '../config/parse-settings';
import { alarmsOf, customMetricsOf } from './counts';
import { HOURS_PER_MONTH, PRICES, RATES, SOURCES, type MicroUsd, type Price, type Rate } from './prices';

export interface CostItem {
  item: string;
  count: number;
  /** The price of one item, in words. */
  price: string;
  /** Dollars with two digits; null if the price is not in the table. */
  monthlyUsd: string | null;
  /** The place of the price's source in `sources`, from 1. */
  source: number | null;
}

/** An item that AWS bills by use, so a month's amount is not known in advance. */
export interface UsedItem {
  item: string;
  rate: string;
  source: number;
}

export interface MonthlyCost {
  /** The region of these prices. The stack may be in another one. */
  pricesOf: string;
  items: CostItem[];
  /** The sum of the known prices that do not depend on use. */
  knownUsd: string;
  /** Not in the sum: items with known prices and unknown amounts. */
  byUse: UsedItem[];
  /** Not in the sum: items without a known price. */
  unknown: string[];
  sources: { asOf: string; what: string }[];
  savingsPlan: SavingsPlan;
}

export interface SavingsPlan {
  /** The on-demand price of all parents per hour. A larger commitment would save nothing more. */
  onDemandPerHourUsd: string | null;
  note: string;
  /** A command for a person to consider; no program runs it. */
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
  | 'vpcId'
  | 'databaseUrlSecret'
  | 'enclaveSecrets'
  | 'imageBuild'
  | 'auditTrail'
  | 'residence'
  | 'residenceFilesUrl'
>;

const allSources = (): MonthlyCost['sources'] => Object.values(SOURCES).map(({ asOf, what }) => ({ asOf, what }));
const placeOf = (source: Price['source']): number => Object.keys(SOURCES).indexOf(source) + 1;

/** The monthly bill of a stack that has only its public IPv4 addresses so far (`addressOnly`). */
export function addressesCost(count: number): Pick<MonthlyCost, 'pricesOf' | 'items' | 'knownUsd' | 'sources'> {
  const { usd, source } = PRICES.publicIpv4PerHour;
  const monthlyUsd = dollars(usd * HOURS_PER_MONTH * BigInt(count));
  const price = `${dollars(usd, 5)} an hour`;
  return {
    pricesOf: PRICES.region,
    items: [{ item: 'public IPv4 address', count, price, monthlyUsd, source: placeOf(source) }],
    knownUsd: monthlyUsd,
    sources: allSources(),
  };
}

/** The stack's monthly bill by item, before anything is created. */
export function costOf(settings: CostSettings): MonthlyCost {
  const lines = linesOf(settings);
  const known = lines.reduce((sum, { each, count }) => sum + (each === null ? 0n : each * BigInt(count)), 0n);
  const perHour = PRICES.instancePerHour[settings.instanceType]?.usd;
  return {
    pricesOf: PRICES.region,
    items: lines.map(({ item, count, price, each, source }) => ({
      item,
      count,
      price,
      monthlyUsd: each === null ? null : dollars(each * BigInt(count)),
      source: source === null ? null : placeOf(source),
    })),
    knownUsd: dollars(known),
    byUse: usedItems(settings).map(({ item, of: { rate, source } }) => ({ item, rate, source: placeOf(source) })),
    unknown: [
      ...lines.filter(({ each }) => each === null).map(({ item }) => item),
      ...(settings.auditTrail === 'create' ? ['CloudTrail, if the account has a trail already'] : []),
      'email of alarms (SNS)',
      ...(settings.region === PRICES.region
        ? []
        : [`the price difference between ${settings.region} and ${PRICES.region}`]),
    ],
    sources: allSources(),
    savingsPlan: {
      onDemandPerHourUsd: perHour === undefined ? null : dollars(perHour * BigInt(settings.instances), 5),
      note: 'With a plan you commit to a number of dollars per HOUR for one or three years, and pay them even if unused. The price table has no rates of plans: ask AWS for the rate, and pass it as --savings-rate to see the savings.',
      command: `aws savingsplans describe-savings-plans-offering-rates --savings-plan-types Compute --service-codes AmazonEC2 --products EC2 --filters name=region,values=${settings.region} name=instanceType,values=${settings.instanceType} name=productDescription,values=Linux/UNIX name=tenancy,values=shared`,
    },
  };
}

/**
 * @param ratePerHour the plan's rate for one parent, in micro-dollars
 * @returns the dollars that a plan saves in a month; null if the instance type's price is unknown
 */
export function planSavings(
  settings: Pick<CostSettings, 'instanceType' | 'instances'>,
  ratePerHour: MicroUsd,
): string | null {
  const onDemand = PRICES.instancePerHour[settings.instanceType]?.usd;
  return onDemand === undefined
    ? null
    : dollars((onDemand - ratePerHour) * BigInt(settings.instances) * HOURS_PER_MONTH);
}

interface Line {
  item: string;
  count: number;
  price: string;
  /** The price of one item for a month; null if unknown. */
  each: MicroUsd | null;
  source: Price['source'] | null;
}

function linesOf(settings: CostSettings): Line[] {
  const { instances, instanceType, databaseClass, databaseStorageGiB, production } = settings;
  const line = (
    item: string,
    count: number,
    of: Price | undefined,
    hours: bigint,
    unit: string,
    digits: number,
  ): Line =>
    of === undefined
      ? { item, count, price: 'not in the table', each: null, source: null }
      : { item, count, price: `${dollars(of.usd, digits)} ${unit}`, each: of.usd * hours, source: of.source };
  const hourly = (item: string, count: number, of: Price | undefined) =>
    line(item, count, of, HOURS_PER_MONTH, 'an hour', 5);
  const monthly = (item: string, count: number, of: Price, unit = '', digits = 2) =>
    line(item, count, of, 1n, `${unit}a month`, digits);
  const several = settings.maxInstances > 1;
  // In the operator's own VPC, several parents use the operator's NAT gateways.
  const outboundAddresses = several && settings.vpcId !== undefined ? 0 : settings.natPerZone ? 2 : 1;
  const hasOwnSecret = settings.database === 'external' && settings.databaseUrlSecret !== undefined;
  const secrets =
    settings.enclaveSecrets.length +
    (settings.database === 'parent' || hasOwnSecret ? 0 : 1) +
    (settings.redis === 'parent' ? 0 : 1) +
    (settings.balancer === 'none' ? 1 : 0);
  const zones = production ? ', two zones' : '';
  return [
    hourly(`EC2 ${instanceType} (parent)`, instances, PRICES.instancePerHour[instanceType]),
    monthly('EC2 detailed monitoring (7 metrics)', instances, PRICES.detailedMonitoringPerMonth),
    monthly('EBS gp3, root disks (GiB)', instances * settings.rootVolumeGiB, PRICES.gp3PerGiBMonth, 'per GiB '),
    ...(settings.database === 'parent'
      ? [monthly('EBS gp3, data volume (GiB)', settings.dataVolumeGiB, PRICES.gp3PerGiBMonth, 'per GiB ')]
      : []),
    // A balancer has one address in each of its two zones.
    hourly('public IPv4 address', outboundAddresses + (settings.balancer === 'none' ? 0 : 2), PRICES.publicIpv4PerHour),
    ...(several && outboundAddresses > 0 ? [hourly('NAT gateway', outboundAddresses, PRICES.natGatewayPerHour)] : []),
    ...(settings.balancer === 'none'
      ? []
      : [hourly(BALANCERS[settings.balancer], 1, PRICES.balancerPerHour[settings.balancer])]),
    monthly('KMS key (enclave, operator, alarms)', KEYS, PRICES.kmsKeyPerMonth),
    monthly('secret', secrets, PRICES.secretPerMonth),
    ...(settings.database === 'managed'
      ? [
          hourly(`RDS ${databaseClass}${zones}`, 1, PRICES.databasePerHour[`${databaseClass}${zones}`]),
          monthly(
            `RDS gp3${zones} (GiB)`,
            databaseStorageGiB,
            PRICES.databaseStoragePerGiBMonth[production ? 'two' : 'one'],
            'per GiB ',
            3,
          ),
        ]
      : []),
    ...(settings.redis === 'managed'
      ? [
          hourly(
            `ElastiCache ${settings.redisNodeType}`,
            production ? 2 : 1,
            PRICES.cachePerHour[settings.redisNodeType],
          ),
        ]
      : []),
    monthly('CloudWatch custom metric', customMetricsOf(settings), PRICES.customMetricPerMonth),
    monthly('CloudWatch alarm', alarmsOf(settings), PRICES.alarmPerMonth),
    monthly('CloudWatch dashboard', 1, PRICES.dashboardPerMonth),
  ];
}

const KEYS = 3;
const BALANCERS = { application: 'Application Load Balancer', network: 'Network Load Balancer' } as const;

function usedItems(settings: CostSettings): { item: string; of: Rate }[] {
  const { balancer, database, databaseClass, databaseStorageGiB, dataSnapshots, production, redis } = settings;
  const items: { item: string; of: Rate }[] = [];
  const add = (item: string, of: Rate, there = true) => {
    if (there) items.push({ item, of });
  };
  add(`KMS, the yearly rotation of ${String(KEYS)} keys`, RATES.keyRotation);
  add(
    `EBS snapshots of the data volume: ${String(dataSnapshots)} kept, each with the changes since the previous one`,
    RATES.snapshot,
    database === 'parent',
  );
  add(
    `RDS backups of ${production ? '35' : '7'} days, beyond ${String(databaseStorageGiB)} GB`,
    RATES.databaseBackup,
    database === 'managed',
  );
  add(
    'RDS CPU credits, above the baseline of the class',
    RATES.databaseCredits,
    database === 'managed' && databaseClass.startsWith('db.t4g.'),
  );
  add('ElastiCache backups', RATES.cacheBackup, redis === 'managed');
  add('CloudWatch, logs ingested', RATES.logsIngested);
  add('CloudWatch, logs stored', RATES.logsStored);
  add('S3, storage', RATES.objectStorage);
  add('S3, requests', RATES.objectRequests);
  add(
    "CloudFront, the registrar's files; a tree of 16 files is 0.5 MB",
    RATES.residenceFiles,
    settings.residence !== 'off' && settings.residenceFilesUrl === undefined,
  );
  add('ECR, storage', RATES.containers);
  add('traffic out of AWS', RATES.trafficOut);
  add('traffic between zones', RATES.trafficBetweenZones);
  add('NAT traffic', RATES.natTraffic, settings.maxInstances > 1 && settings.vpcId === undefined);
  add('Application Load Balancer, capacity units', RATES.applicationUnits, balancer === 'application');
  add('Network Load Balancer, capacity units', RATES.networkUnits, balancer === 'network');
  add('KMS, requests', RATES.keyRequests);
  add('Secrets Manager, requests', RATES.secretRequests);
  add('CodeBuild, general1.large', RATES.buildMinute, settings.imageBuild);
  return items;
}

/** Dollars as text, rounded half up. */
function dollars(micro: MicroUsd, digits = 2): string {
  const unit = 10n ** BigInt(6 - digits);
  const rounded = (micro + unit / 2n) / unit;
  const text = rounded.toString().padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
