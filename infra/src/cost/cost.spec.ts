import { costOf, planSavings, type CostSettings } from './cost';
import { alarmsOf, customMetricsOf } from './counts';
import { PRICES, RATES, SOURCES, type Price } from './prices';

const dev: CostSettings = {
  region: 'us-east-1',
  instanceType: 'c6g.large',
  instances: 1,
  maxInstances: 1,
  rootVolumeGiB: 30,
  database: 'parent',
  dataSnapshots: 7,
  databaseClass: 'db.t4g.micro',
  databaseStorageGiB: 20,
  production: false,
  redis: 'parent',
  redisNodeType: 'cache.t4g.micro',
  dataVolumeGiB: 20,
  balancer: 'none',
  natPerZone: false,
  enclaveSecrets: ['cwc-house', 'cwc-senate'],
  imageBuild: false,
  auditTrail: 'existing',
  residence: 'off',
};
const item = (settings: CostSettings, name: string) => costOf(settings).items.find((each) => each.item.includes(name));

const pricesIn = (value: unknown): Price[] => {
  if (typeof value !== 'object' || value === null) return [];
  return 'usd' in value ? [value as Price] : Object.values(value).flatMap(pricesIn);
};

it('adds up the known prices exactly', () => {
  // USD: 49.64 instance, 2.10 monitoring, 2.40 and 1.60 disks, 3.65 address, 3.00 keys, 1.20 secrets, 3.00 dashboard
  const cents = 6659 + 30 * customMetricsOf(dev) + 10 * alarmsOf(dev);
  expect(costOf(dev).knownUsd).toBe((cents / 100).toFixed(2));
  expect(item(dev, 'c6g.large')).toEqual({
    item: 'EC2 c6g.large (parent)',
    count: 1,
    price: '0.06800 an hour',
    monthlyUsd: '49.64',
    source: 1,
  });
});

it.each([
  ['c6g.xlarge', '99.28'],
  ['c7g.large', '52.93'],
  ['c7g.xlarge', '105.85'],
  ['c8g.large', '58.22'],
  ['m7g.large', '59.57'],
])('reports the monthly price of %s', (instanceType, usd) => {
  expect(item({ ...dev, instanceType }, instanceType)?.monthlyUsd).toBe(usd);
});

it.each([
  ['RDS db.t4g.micro', { database: 'managed' }, '11.68'],
  ['RDS gp3 (GiB)', { database: 'managed' }, '2.30'],
  ['RDS db.t4g.small, two zones', { database: 'managed', databaseClass: 'db.t4g.small', production: true }, '47.45'],
  ['RDS gp3, two zones (GiB)', { database: 'managed', production: true }, '4.60'],
  ['ElastiCache cache.t4g.micro', { redis: 'managed' }, '11.68'],
  ['ElastiCache cache.t4g.small', { redis: 'managed', redisNodeType: 'cache.t4g.small', production: true }, '46.72'],
  ['Application Load Balancer', { balancer: 'application' }, '16.43'],
  ['Network Load Balancer', { balancer: 'network' }, '16.43'],
] as [string, Partial<CostSettings>, string][])('reports the monthly price of %s', (name, changes, usd) => {
  expect(item({ ...dev, ...changes }, name)?.monthlyUsd).toBe(usd);
});

it('reports an item without a price in the table as unknown', () => {
  const settings: CostSettings = {
    ...dev,
    instanceType: 'c9g.4xlarge',
    database: 'managed',
    databaseClass: 'db.t4g.micro',
    production: true, // the table has this class only for one zone, and two zones do not always cost twice as much
    redis: 'managed',
    redisNodeType: 'cache.m7g.large',
    region: 'eu-west-1',
  };
  const cost = costOf(settings);
  for (const name of ['c9g.4xlarge', 'RDS db.t4g.micro, two zones', 'cache.m7g.large']) {
    expect(cost.items.find((each) => each.item.includes(name))).toMatchObject({
      price: 'not in the table',
      monthlyUsd: null,
      source: null,
    });
    expect(cost.unknown.some((each) => each.includes(name))).toBe(true);
  }
  expect(cost.unknown).toContain('the price difference between eu-west-1 and us-east-1');
  expect(cost.savingsPlan.onDemandPerHourUsd).toBeNull();
});

it('has a dated source for every price and every rate', () => {
  const prices = pricesIn(PRICES);
  expect(prices.length).toBeGreaterThan(20);
  for (const { source } of [...prices, ...Object.values(RATES)]) {
    expect(SOURCES[source].asOf).toMatch(/^20\d\d-\d\d(-\d\d)?$/);
    expect(SOURCES[source].what.length).toBeGreaterThan(20);
  }
  const { items, byUse, sources } = costOf(dev);
  for (const { source } of [...items, ...byUse]) expect(sources[(source ?? 0) - 1]).toBeDefined();
});

it('lists rotations, snapshots and backups, which are paid by use, with their rates', () => {
  const of = (settings: CostSettings) =>
    costOf(settings)
      .byUse.map(({ item, rate }) => `${item}: ${rate}`)
      .join('\n');
  expect(of(dev)).toMatch(/rotation of 3 keys: 1.00 a month per key/);
  expect(of({ ...dev, dataSnapshots: 9 })).toContain('EBS snapshots of the data volume: 9 kept');
  expect(of({ ...dev, database: 'managed' })).not.toContain('snapshots');
  expect(of({ ...dev, database: 'managed', production: true })).toMatch(/RDS backups of 35 days.*0.095/);
  expect(of({ ...dev, imageBuild: true })).toContain('CodeBuild, general1.large: 0.02 per minute');
});

it('counts NAT and public addresses for several parents behind a balancer', () => {
  const several: CostSettings = {
    ...dev,
    instanceType: 'c6g.xlarge',
    instances: 2,
    maxInstances: 4,
    balancer: 'network',
    database: 'managed',
    redis: 'managed',
    production: true,
  };
  expect(item(several, 'NAT')?.monthlyUsd).toBe('32.85');
  expect(item(several, 'IPv4')?.count).toBe(3);
  expect(item({ ...several, natPerZone: true }, 'NAT')?.monthlyUsd).toBe('65.70');
  expect(item({ ...several, natPerZone: true }, 'IPv4')?.count).toBe(4);
  expect(item(several, 'c6g.xlarge')?.monthlyUsd).toBe('198.56');
  const inTheirs: CostSettings = { ...several, vpcId: 'vpc-0123456789abcdef0' };
  expect(item(inTheirs, 'NAT')).toBeUndefined();
  expect(item(inTheirs, 'IPv4')?.count).toBe(2);
  expect(item({ ...inTheirs, instances: 1, maxInstances: 1, balancer: 'none' }, 'IPv4')?.count).toBe(1);
});

it('does not count the operator’s own secret', () => {
  const external: CostSettings = { ...dev, database: 'external' };
  expect(item(external, 'secret')?.count).toBe(4);
  const databaseUrlSecret = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:url-AbCdEf';
  expect(item({ ...external, databaseUrlSecret }, 'secret')?.count).toBe(3);
  expect(item({ ...dev, databaseUrlSecret }, 'secret')?.count).toBe(3);
});

it('calculates what a savings plan saves at a given rate, and prints the on-demand price of an hour', () => {
  expect(planSavings({ instanceType: 'c6g.xlarge', instances: 1 }, 100_000n)).toBe('26.28');
  expect(planSavings({ instanceType: 'c9g.4xlarge', instances: 1 }, 100_000n)).toBeNull();
  expect(costOf(dev).savingsPlan).toMatchObject({
    onDemandPerHourUsd: '0.06800',
    note: expect.stringContaining('per HOUR') as unknown,
  });
});
