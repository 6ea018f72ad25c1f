import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Ports } from '../ports';

export interface Account {
  readonly accountId: string;
  readonly arn: string;
}

/** Replaces AWS's endpoints and the SDK's default chain of credentials. */
export interface AwsOverrides {
  readonly endpoint?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export interface AwsClients {
  readonly sts: STSClient;
  readonly ec2: EC2Client;
  readonly quotas: ServiceQuotasClient;
  readonly s3: S3Client;
  readonly secrets: SecretsManagerClient;
  readonly ssm: SSMClient;
  readonly kms: KMSClient;
  readonly groups: AutoScalingClient;
}

/** The clients send a request at most twice, and have no time limit of their own. */
export function awsClients(
  region: string,
  { aws: { endpoint, credentials }, env }: Pick<Ports, 'aws' | 'env'>,
): AwsClients {
  const s3Endpoint = endpoint ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  const config = {
    region,
    maxAttempts: 2,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
  };
  return {
    sts: new STSClient(config),
    ec2: new EC2Client(config),
    quotas: new ServiceQuotasClient(config),
    s3: new S3Client({
      ...config,
      ...(s3Endpoint !== undefined && !isOfAws(s3Endpoint) && { forcePathStyle: true }),
      followRegionRedirects: false,
    }),
    secrets: new SecretsManagerClient(config),
    ssm: new SSMClient(config),
    kms: new KMSClient(config),
    groups: new AutoScalingClient(config),
  };
}

/** Whether the endpoint is AWS's. At any other endpoint, a host name with the bucket in front (`bucket.localhost`) does not resolve. */
const isOfAws = (endpoint: string): boolean => /\.amazonaws\.com(\.cn)?$/.test(URL.parse(endpoint)?.hostname ?? '');

export async function callerIdentity({ sts }: AwsClients, abortSignal: AbortSignal): Promise<Account> {
  const { Account: accountId, Arn: arn } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal });
  if (accountId === undefined || !/^\d{12}$/.test(accountId) || arn === undefined)
    throw new SyntaxError('no account in the answer');
  return { accountId, arn };
}
