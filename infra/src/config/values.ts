import { EMAIL_ADDRESS } from '../../parent/src';
import * as z from 'zod';
import { VARIABLES } from '@communique-tee/gateway-environment';
import { problemOfHostName } from './host-name';

// Pulumi passes every value as text. Lists and numbers in Pulumi.<stack>.yaml arrive as JSON.

export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `at least ${min}`).max(max, `at most ${max}`));

export const yesNo = z.enum(['true', 'false'], 'true or false').transform((value) => value === 'true');

export const oneOf = <const Word extends string>(words: readonly Word[]) => z.enum(words, `one of ${words.join(', ')}`);

/** A list in JSON, or separated by commas (as in `--config key=a,b`). Duplicates are removed. */
export function listOf<T>(item: z.ZodType<T, string>, most: number) {
  return z
    .string()
    .transform((text, context): string[] => {
      if (!text.trimStart().startsWith('['))
        return text
          .split(',')
          .map((part) => part.trim())
          .filter((part) => part !== '');
      try {
        const json: unknown = JSON.parse(text);
        if (Array.isArray(json) && json.every((value) => typeof value === 'string')) return json;
      } catch {
        /* reported below */
      }
      context.addIssue({ code: 'custom', message: 'a list of texts, each in quotes' });
      return z.NEVER;
    })
    .pipe(z.array(item).max(most, `at most ${most}`))
    .transform((values) => [...new Set(values)]);
}

export const hostName = z.string().superRefine((text, context) => {
  const message = problemOfHostName(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

export const emailAddress = z.string().regex(EMAIL_ADDRESS, 'an email address like operator@example.org');

/** The gateway, too, accepts at most 512 characters. */
export const httpsUrl = z
  .string()
  .max(512, 'at most 512 characters')
  .refine(
    (text) => /^https:\/\/[\x21-\x7e]+$/.test(text) && URL.canParse(text) && !/["'\\$`]/.test(text),
    'an https:// URL of visible ASCII characters, without quotes, $ or backslash',
  )
  // Plans, logs and errors show the URL, so it may not contain a password.
  .refine(
    (text) => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === ''),
    'an https:// URL without a user name or password',
  );

/** An origin as browsers send it in the header Origin, checked by the gateway's own rule. */
export const httpsOrigin = z.string().superRefine((text, context) => {
  if (text.startsWith('https://') && !text.includes(',') && VARIABLES.CORS_ORIGINS.safeParse(text).success) return;
  const url = text.length <= 512 ? URL.parse(text) : null;
  const meant = url?.protocol === 'https:' ? `: write ${url.origin}` : '';
  const message = `an origin like https://app.example.org, in lower case, without a path, a slash at the end, port 443 or *${meant}`;
  context.addIssue({ code: 'custom', message });
});

/** The program divides this network into subnets of /24. AWS refuses an address with leading zeros or host bits. */
export const network = z
  .string()
  .regex(
    /^10\.(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])\.0\.0\/16$/,
    'a /16 of 10.0.0.0/8 like 10.40.0.0/16: the second number 0 to 255, the last two 0',
  );

export const allocationId = z
  .string()
  .regex(/^eipalloc-[0-9a-f]{8,17}$/, 'an allocation id like eipalloc-0123456789abcdef0');

export const vpcId = z.string().regex(/^vpc-[0-9a-f]{8,17}$/, 'the id of a VPC like vpc-0123456789abcdef0');

export const subnetId = z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'the id of a subnet like subnet-0123456789abcdef0');

export const securityGroupId = z
  .string()
  .regex(/^sg-[0-9a-f]{8,17}$/, 'the id of a security group like sg-0123456789abcdef0');

export const port = whole(1, 65_535).transform(String);

/** IAM allows longer ARNs. But a key's policy has at most 32 KiB, and names up to 40 roles. */
export const roleArn = z
  .string()
  .max(256, 'at most 256 characters, since the keys’ policies name each role several times')
  .regex(
    /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/[A-Za-z0-9+=,.@_/-]+$/,
    'the ARN of an IAM role or user, without wildcards',
  );

export const awsRegion = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, for example us-east-1');

/** Excludes Local Zones and Wavelength Zones, which have longer names and do not offer the supported instance types. */
export const availabilityZone = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'an availability zone, for example us-east-1a');
