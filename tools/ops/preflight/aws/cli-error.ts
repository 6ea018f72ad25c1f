import { fail, notInTime, type Finding } from '../check';
import { explainAws } from './explain';

/** The error code in the AWS CLI's message, such as AccessDenied in `An error occurred (AccessDenied) when ...`; empty if there is none. */
export const cliErrorCode = (stderr: string): string =>
  /An error occurred \(([A-Za-z0-9.]{1,64})\)/.exec(stderr)?.[1] ?? '';

/**
 * Returns why the AWS CLI failed. If the message has no error code of AWS, this function recognizes only what botocore prints when AWS has
 * not answered (botocore/exceptions.py).
 * @param service the service's name for people
 * @param action the IAM action of the request
 */
export function explainCli(stderr: string, service: string, action: string): Finding {
  const code = cliErrorCode(stderr);
  if (code !== '') return explainAws({ name: code }, action);
  if (/(Connect|Read) timeout on endpoint URL/i.test(stderr)) return notInTime(`AWS (${service})`);
  if (/Could not connect to the endpoint URL|Connection was closed before/i.test(stderr))
    return fail(`AWS (${service}) is not reachable from here`, 'look at this machine’s network, and run this again');
  if (/Unable to locate credentials|Partial credentials found/i.test(stderr))
    return explainAws({ name: 'CredentialsProviderError' }, action);
  if (/(Token|SSO session).*expired/i.test(stderr)) return explainAws({ name: 'ExpiredToken' }, action);
  return fail(`the AWS CLI could not ask (${action})`, 'run the command of this check by hand, and see what it says');
}
