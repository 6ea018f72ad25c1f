import { STACK_TAG, type Place } from '@communique-tee/key-policies';

export { accountRoot, STACK_TAG, type Place } from '@communique-tee/key-policies';

export const PROJECT = 'communique-tee';

export const stackTags = (stack: string, production: boolean): Record<string, string> => ({
  [STACK_TAG]: stack,
  Project: PROJECT,
  Environment: production ? 'production' : 'development',
  ManagedBy: 'pulumi',
});

/** Returns `communique-tee-<stack>` or `communique-tee-<stack>-<part>`. */
export const nameOf = (stack: string, part?: string): string =>
  [PROJECT, stack, part].filter((piece) => piece !== undefined).join('-');

/** The name of PostgreSQL's database and of its owner. */
export const DATABASE_NAME = 'communique';
export const REDIS_PORT = 6379;

/** A bucket's name must be unique in all of AWS, so it contains account and region. */
export const bucketName = ({ stack, accountId, region }: Place, part: string): string =>
  `${nameOf(stack, part)}-${accountId}-${region}`;

/** The launch hook that holds a new parent until its enclave is attested. After the time limit, AWS ends the parent and starts another. */
export const LAUNCH_HOOK = { name: 'enclave-attested', timeoutSeconds: 1800 } as const;

/** How long the first `pulumi up` waits for attested parents: the hook's time limit, and ten minutes for an instance's start. */
export const CAPACITY_WAIT_SECONDS = LAUNCH_HOOK.timeoutSeconds + 600;

/** The key alias that the enclave's configuration names. An image can be built with it before the key exists. */
export const ENCLAVE_KEY_ALIAS = 'enclave';
export const OPERATOR_KEY_ALIAS = 'operator';
export const aliasName = (stack: string, key: string): string => `alias/${nameOf(stack, key)}`;

export const secretName = (stack: string, path: string): string => `${PROJECT}/${stack}/${path}`;
/** The log group of CodeBuild. It exists only if the stack's configuration has the key `imageBuild`. */
export const BUILD_LOG = 'image-build';
/** The secret in which a parent keeps its certificate for the next parent, if no balancer has the certificate. */
export const CERTIFICATE_SECRET = 'parent/certificate';
/** The secret with the password of a managed Redis, which comes from the stack's configuration. */
export const REDIS_TOKEN_SECRET = 'gateway/redis-token';
/** The part of the name of the bucket with the balancer's access logs. */
export const ACCESS_LOGS = 'access';
/** The tag that says who uses a registered address: "parent", or "nat" for a NAT gateway. Parents read it (address-holder). */
export const HELD_BY_TAG = `${PROJECT}:held-by`;
export const logGroupName = (stack: string, part: string): string => `/${PROJECT}/${stack}/${part}`;

export const arnOf = ({ partition, region, accountId }: Place, service: string, resource: string): string =>
  `arn:${partition}:${service}:${region}:${accountId}:${resource}`;
