import { keptMessageSchema } from '@communique-tee/client';
import {
  agentAnswerSchema,
  agentOfferSchema,
  agentResultSchema,
  agentTaskSchema,
  answerSchema,
  congressMessageSchema,
  messageViewSchema,
  publicConfigurationSchema,
  receiptClaimsSchema,
  receiptSchema,
  usageStatementSchema,
} from '@communique-tee/protocol';

/** Schemas that the client uses. package.integration.spec.ts compares browser-zod.ts with zod on each. */
const SCHEMAS = {
  answer: answerSchema,
  message: congressMessageSchema,
  view: messageViewSchema,
  claims: receiptClaimsSchema,
  configuration: publicConfigurationSchema,
  receipt: receiptSchema,
  kept: keptMessageSchema,
  task: agentTaskSchema,
  agentAnswer: agentAnswerSchema,
  agentOffer: agentOfferSchema,
  agentResult: agentResultSchema,
  statement: usageStatementSchema,
} as const;

export interface Case {
  readonly schema: keyof typeof SCHEMAS;
  /** A JSON value, in which bytes are `{ $bytes: <length> }`. */
  readonly value: unknown;
}

/** Returns path and code of each issue, and the parameters of a custom one. */
export function judge({ schema, value }: Case): string[] {
  const parsed = SCHEMAS[schema].safeParse(withBytes(value));
  return parsed.success
    ? []
    : parsed.error.issues.map(
        (issue) =>
          `${issue.path.join('/')} ${issue.code} ${JSON.stringify(issue.code === 'custom' ? (issue.params ?? null) : null)}`,
      );
}

function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== 'object' || value === null) return value;
  if ('$bytes' in value) return new Uint8Array(Number(value.$bytes));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withBytes(member)]));
}
