import {
  type UsageStatement,
  congressMessageSchema,
  messageViewSchema,
  type Answer,
  type CongressMessage,
  type keptMessageSchema,
  type MessageView,
  type PublicConfiguration,
} from '@communique-tee/protocol';
import type * as z from 'zod';
import type { EnclaveConfiguration, KeptMessage, Message, StatusView, UsageClaims, VerifiedReport } from './api';
import { CLIENT_ERROR_CODES } from './errors';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Exact<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type DeepReadonly<T> = T extends Uint8Array
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

describe('the published types', () => {
  it('are equal to the types of the schemas', () => {
    // Checked by the compiler (npm run typecheck); exactOptionalPropertyTypes makes zod's optional members take undefined too.
    const message: Exact<Message, DeepReadonly<Omit<CongressMessage, 'version' | 'deliverySecret' | 'proof'>>> = true;
    const view: Exact<StatusView, DeepReadonly<MessageView>> = true;
    const offices: Exact<VerifiedReport['offices'], DeepReadonly<Omit<Answer['offices'][number], 'salt'>[]>> = true;
    const problems: Exact<VerifiedReport['problems'], DeepReadonly<Answer['problems']>> = true;
    const configuration: Exact<EnclaveConfiguration, DeepReadonly<PublicConfiguration>> = true;
    const kept: Exact<KeptMessage, DeepReadonly<z.infer<typeof keptMessageSchema>>> = true;
    const claims: Exact<UsageClaims, DeepReadonly<UsageStatement>> = true;
    expect([message, view, offices, problems, configuration, kept, claims]).not.toContain(false);
    expect(Object.keys(congressMessageSchema.shape)).toHaveLength(10);
    expect(Object.keys(messageViewSchema.shape)).toHaveLength(10);
  });

  it('include error codes that each have a row in the README', () => {
    const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
    expect(CLIENT_ERROR_CODES.filter((code) => !readme.includes(`| \`${code}\` |`))).toEqual([]);
  });
});
