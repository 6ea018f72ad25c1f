import { fail, notInTime, warn, type Finding } from '../check';
import { codeOf, isUnreachable, ranOutOfTime } from '../error-code';

const EXPIRED = /^(ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired)$/;
const NOT_VALID =
  /^(InvalidClientTokenId|UnrecognizedClientException|AuthFailure|SignatureDoesNotMatch|IncompleteSignature|InvalidAccessKeyId|InvalidSignatureException|MissingAuthenticationToken)$/;
const DENIED = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|NotAuthorized|Forbidden|403)$/;
const THROTTLED =
  /^(Throttling|ThrottlingException|ThrottledException|TooManyRequestsException|RequestLimitExceeded|RequestThrottled|SlowDown|429)$/;
const NO_CREDENTIALS = /^(CredentialsProviderError|TokenProviderError|ProviderError)$/;

/**
 * Explains an error of AWS. Never repeats the error's text, which can contain ARNs or, if a proxy answered, anything.
 * @param action the IAM action of the request, e.g. `ec2:DescribeImages`
 */
export function explainAws(error: unknown, action: string): Finding {
  const code = awsCode(error);
  if (NO_CREDENTIALS.test(code))
    return fail(
      'no AWS credentials were found',
      'sign in, or set AWS_PROFILE or keys in the environment, and run this again',
      'aws sso login',
    );
  if (EXPIRED.test(code)) return fail('the AWS session has expired', 'sign in again', 'aws sso login');
  if (NOT_VALID.test(code))
    return fail(
      `AWS does not accept these credentials (${code})`,
      'find out which credentials are in use, and check this machine’s clock',
      'aws configure list',
    );
  if (DENIED.test(code))
    return fail(`not allowed to ask (${action})`, `allow ${action} to your role, or check by hand`);
  if (THROTTLED.test(code))
    return warn(`AWS throttles requests (${code}), so this was not checked`, 'run this again, with --only');
  if (ranOutOfTime(error)) return notInTime('AWS');
  if (isUnreachable(error))
    return fail(
      `AWS is not reachable from here (${codeOf(error) ?? code})`,
      'look at this machine’s network, proxy and DNS, and at the stack’s aws:region',
    );
  const status = statusOf(error);
  if (status !== undefined && status >= 500)
    return warn(
      `AWS could not answer (${String(status)})`,
      'run this again; https://health.aws.amazon.com shows whether AWS has an outage',
    );
  return fail(`AWS gave an unexpected answer (${code})`, 'is there a proxy in between? run this again');
}

/** The error's name, or `unknown error` if the name has other characters than letters, digits and dots, or more than 64. */
export function awsCode(error: unknown): string {
  const name =
    typeof error === 'object' && error !== null && 'name' in error && typeof error.name === 'string' ? error.name : '';
  return /^[A-Za-z0-9.]{1,64}$/.test(name) ? name : 'unknown error';
}

export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata: unknown = error.$metadata;
  return typeof metadata === 'object' &&
    metadata !== null &&
    'httpStatusCode' in metadata &&
    typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : undefined;
}
