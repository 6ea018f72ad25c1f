/** Micro-dollars. */
export type MicroUsd = bigint;

/**
 * The one price table, on demand, of us-east-1 and of the date below. What is not in it is not known to this program, and is said to be so:
 * RDS, ElastiCache, load balancers, CloudWatch, S3, CodeBuild and traffic have their prices on AWS's pages.
 */
export const PRICES = {
  asOf: '2026-11-22',
  region: 'us-east-1',
  hoursPerMonth: 730n,
  perHour: {
    'c6g.large': 68_000n,
    'c6g.xlarge': 136_000n,
    'c7g.large': 72_500n,
    'c7g.xlarge': 145_000n,
    'c8g.large': 79_760n,
    'm7g.large': 81_600n,
  } as Readonly<Record<string, MicroUsd>>,
  publicIpv4PerHour: 5_000n,
  natGatewayPerHour: 45_000n,
  /** Beside the hour. */
  natGatewayPerGb: 45_000n,
  kmsKeyPerMonth: 1_000_000n,
  secretPerMonth: 400_000n,
  gp3PerGiBMonth: 80_000n,
} as const;
