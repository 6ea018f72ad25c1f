import type * as z from 'zod';

/** The paths and rules of all faults. zod's own messages may repeat the input, so they are not passed on. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 8)
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.code}`)
    .join('; ');
}
