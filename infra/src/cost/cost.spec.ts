import { costOf, savedByPlan, type CostSettings } from './cost';

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
};
const item = (settings: CostSettings, name: string) => costOf(settings).items.find((each) => each.item.includes(name));

it('adds up what is known, to the cent', () => {
  // 49.64 instance, 2.40 and 1.60 disks, 3.65 address, 3.00 keys, 0.80 secrets
  expect(costOf(dev).knownUsd).toBe('61.09');
  expect(item(dev, 'c6g.large')).toEqual({
    item: 'EC2 c6g.large (parent)',
    count: 1,
    price: '0.06800 an hour',
    monthlyUsd: '49.64',
  });
});

it.each([
  ['c6g.xlarge', '99.28'],
  ['c7g.large', '52.93'],
  ['c7g.xlarge', '105.85'],
  ['c8g.large', '58.22'],
  ['m7g.large', '59.57'],
])('knows a month of %s', (instanceType, usd) => {
  expect(item({ ...dev, instanceType }, instanceType)?.monthlyUsd).toBe(usd);
});

it('invents no price: what is not in the table is named as unknown', () => {
  const cost = costOf({
    ...dev,
    instanceType: 'c9g.4xlarge',
    database: 'managed',
    redis: 'managed',
    balancer: 'application',
    region: 'eu-west-1',
  });
  for (const name of ['c9g.4xlarge', 'RDS', 'ElastiCache', 'Application Load Balancer']) {
    expect(cost.items.find((each) => each.item.includes(name))?.monthlyUsd).toBeNull();
    expect(cost.unknown.some((each) => each.includes(name))).toBe(true);
  }
  expect(cost.unknown).toContain('what eu-west-1 differs by from us-east-1');
  expect(cost.savingsPlan.onDemandPerHourUsd).toBeNull();
});

it('says that snapshots of the data volume cost something, where there is one', () => {
  expect(costOf({ ...dev, dataSnapshots: 9 }).unknown.join()).toContain('EBS snapshots of the data volume: 9 kept');
  expect(costOf({ ...dev, database: 'managed' }).unknown.join()).not.toContain('snapshots');
});

it('counts several parents behind a balancer with NAT and its addresses', () => {
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
});

it('says what a savings plan would save by its own rate, and what a commitment is', () => {
  expect(savedByPlan({ instanceType: 'c6g.xlarge', instances: 1 }, 100_000n)).toBe('26.28');
  expect(savedByPlan({ instanceType: 'c9g.4xlarge', instances: 1 }, 100_000n)).toBeNull();
  expect(costOf(dev).savingsPlan).toMatchObject({
    onDemandPerHourUsd: '0.06800',
    note: expect.stringContaining('per HOUR') as unknown,
  });
});
