import type * as z from 'zod';

/** Returns path and code of the first eight issues. zod's own messages are left out, because they may repeat the input. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 8)
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.code}`)
    .join('; ');
}
