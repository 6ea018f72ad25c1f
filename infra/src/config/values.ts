import * as z from 'zod';

// Pulumi hands every value over as text; lists and numbers of Pulumi.<stack>.yaml arrive as JSON.

export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `at least ${min}`).max(max, `at most ${max}`));

export const yesNo = z.enum(['true', 'false']).transform((value) => value === 'true');

/** A JSON list, or values with commas between them (as in `--config key=a,b`). */
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
        /* said below */
      }
      context.addIssue({ code: 'custom', message: 'a list of texts' });
      return z.NEVER;
    })
    .pipe(z.array(item).max(most, `at most ${most}`));
}

export const hostName = z
  .string()
  .max(253)
  .regex(
    /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    'a host name in lower case, without https://',
  );

export const emailAddress = z
  .string()
  .max(254)
  .regex(/^[^\s@<>"']+@[^\s@<>"']+\.[^\s@<>"']+$/, 'an email address');

export const httpsUrl = z
  .string()
  .max(2048)
  .refine(
    (text) => URL.canParse(text) && new URL(text).protocol === 'https:' && !/["'\s\\$`]/.test(text),
    'an https:// URL',
  )
  // Plans, logs and errors show it
  .refine(
    (text) => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === ''),
    'an https:// URL without a user name or password',
  );

export const roleArn = z
  .string()
  .max(2048)
  .regex(
    /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/[A-Za-z0-9+=,.@_/-]+$/,
    'the ARN of an IAM role or user, without wildcards',
  );

export const awsRegion = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, for example us-east-1');
