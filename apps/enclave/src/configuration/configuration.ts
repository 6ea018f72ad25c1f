import { parseAddress } from '@communique-tee/vsock';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { congressConfigSchema } from '../services/congress/cwc/congress-config';
import { egressConfigSchema } from '../egress';
import { custodySchema, secretsSchema } from '../identity/custody/custody-config';
import { kmsConfigSchema } from '../identity/kms/kms-config';
import { crossChecks } from './cross-checks';

/**
 * The enclave's only configuration: one file, in production part of the measured image and so covered by PCR0. Whoever could
 * change it could redirect plain text, therefore nothing in it comes from the environment or from the parent.
 */
export const enclaveConfigurationSchema = z.strictObject({
  /** A name for people: `production`, `staging`, ... */
  stack: z.string().regex(/^[a-z0-9-]{1,32}$/),
  /** `vsock:5000`, `unix:<path>` or `tcp:127.0.0.1:5000`. */
  listen: z.string().refine(isAddress, 'vsock:<port>, unix:<path> or tcp:<host>:<port>'),
  egress: egressConfigSchema,
  congress: congressConfigSchema,
  custody: custodySchema.default({ mode: 'process' }),
  /** Needed with custody kms and with secrets; a destination of egress like a chamber. */
  kms: kmsConfigSchema.optional(),
  /** How the secrets that a chamber names by `apiKeySecret` are encrypted. */
  secrets: secretsSchema.optional(),
  /**
   * Whether messages of the web client that exists today are opened too: without padding, without a check of attestation by that client.
   * The key of that suite is then attested beside the others.
   */
  legacySuite: z.boolean().default(false),
  /** With custody kms and a far end that takes a DeliveryId twice: says by name that a lying parent can have a message delivered twice. */
  acceptReplayAcrossEnclaves: z.boolean().default(false),
  messages: z
    .strictObject({
      /** Opened at the same time; more are answered enclave_busy. */
      maxConcurrent: z.int().min(1).max(1024).default(32),
      /** Deliveries remembered until their message expires, so that none is made twice (about 300 bytes each, 1.3 KiB where a far end explained its refusal). */
      maxRememberedDeliveries: z.int().min(100).max(5_000_000).default(200_000),
      /** Final answers kept to be given again word for word (about 10 KiB each). */
      maxRememberedAnswers: z.int().min(10).max(100_000).default(4096),
    })
    .prefault({}),
});
export type EnclaveConfiguration = z.infer<typeof enclaveConfigurationSchema>;

export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** All that is wrong at once, by place and rule, without the values. */
export function parseConfiguration(value: unknown): EnclaveConfiguration {
  const parsed = enclaveConfigurationSchema.safeParse(value);
  if (parsed.success) {
    const problems = crossChecks(parsed.data);
    if (problems.length > 0) throw new ConfigurationError(problems);
    return parsed.data;
  }
  throw new ConfigurationError(
    parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`),
  );
}

/** @throws ConfigurationError */
export function readConfigurationFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new ConfigurationError([`${path} cannot be read`]);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigurationError([`${path} is not JSON`]);
  }
}

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}
