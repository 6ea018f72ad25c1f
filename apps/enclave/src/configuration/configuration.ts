import { parseAddress } from '@communique-tee/vsock';
import * as z from 'zod';
import { egressConfigSchema } from '../egress';
import { custodySchema, secretsSchema } from '../identity/custody/custody-config';
import { kmsConfigSchema } from '../identity/kms/kms-config';
import { ConfigurationError } from '../runtime/configuration-file';
import { residenceConfigSchema } from '../residence/residence-config';
import { servicesSchema } from '../services/registry';
import { crossChecks } from './cross-checks';

/**
 * The enclave's only configuration, in one file. In production the file is in the image, so PCR0 covers it. An attacker who changed a value
 * could redirect plain text, so none of these values comes from the environment or from the parent.
 */
export const enclaveConfigurationSchema = z.strictObject({
  /** A name for people: `production`, `staging`, ... */
  stack: z.string().regex(/^[a-z0-9-]{1,32}$/),
  /** `vsock:5000`, `unix:<path>` or `tcp:127.0.0.1:5000`. */
  listen: z.string().refine(isAddress, 'vsock:<port>, unix:<path> or tcp:<host>:<port>'),
  egress: egressConfigSchema,
  custody: custodySchema.prefault({ mode: 'process' }),
  /** Needed with custody `kms` and with `secrets`. In vsock mode, egress needs a route to the origin of KMS. */
  kms: kmsConfigSchema.optional(),
  /** The KMS key under which the operator encrypts the secrets that the services name. */
  secrets: secretsSchema.optional(),
  /**
   * Whether the enclave also opens messages of the web client (legacy). These have no padding, and that client checks no attestation. If
   * true, the key binding also names a key for these messages.
   */
  legacySuite: z.boolean().default(false),
  /** Whether senders prove that they live in a district, and which registrar vouches for it. */
  residence: residenceConfigSchema.prefault({ mode: 'off' }),
  /** A service that is not named is off, and requests for it get `service_off`. */
  services: servicesSchema,
});
export type EnclaveConfiguration = z.infer<typeof enclaveConfigurationSchema>;

/** @throws ConfigurationError which lists the fields and the rules that they break, and contains no secret */
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

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}
