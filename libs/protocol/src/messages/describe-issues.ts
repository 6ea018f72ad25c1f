import type * as z from 'zod';

/** Paths and rules of what is wrong. zod's own messages may repeat the input, so they are not passed on. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 8)
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.code}`)
    .join('; ');
}
