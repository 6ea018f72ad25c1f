import * as z from 'zod';
import { KmsError } from './errors';

const text = (max: number) =>
  z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .max(max);
const credentialsSchema = z.object({
  accessKeyId: text(128),
  secretAccessKey: text(256),
  /** With the credentials of a role; null or absent with a user's. */
  sessionToken: text(8192).nullish(),
  /** Milliseconds since 1970; null or absent where they do not end. */
  expiresMs: z.number().nullish(),
});

/** The parent's role, as the gateway hands it in: printable ASCII without spaces. It decrypts nothing without the attestation. */
export type KmsCredentials = z.input<typeof credentialsSchema>;
export type UsableCredentials = z.output<typeof credentialsSchema>;

/** @throws KmsError `kms_credentials`: there are none, they are malformed (an end of line would be a header), or have ended */
export function usableCredentials(credentials: KmsCredentials | null, nowMs: number): UsableCredentials {
  if (credentials === null) throw new KmsError('kms_credentials', 'there are none');
  const parsed = credentialsSchema.safeParse(credentials);
  if (!parsed.success) throw new KmsError('kms_credentials', 'they are malformed');
  const { expiresMs } = parsed.data;
  if (typeof expiresMs === 'number' && nowMs >= expiresMs) throw new KmsError('kms_credentials', 'they have ended');
  return parsed.data;
}
