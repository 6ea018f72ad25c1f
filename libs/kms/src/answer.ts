import { decodeJson, fromBase64 } from '@communique-tee/protocol';
import * as z from 'zod';
import { KmsError } from './errors';

const ALIAS_ARN = /^arn:(aws[a-z-]*):kms:([a-z0-9-]{1,32}):([0-9]{12}):alias\/[A-Za-z0-9/_-]{1,256}$/;
const KEY_ARN = /^arn:(aws[a-z-]*):kms:([a-z0-9-]{1,32}):([0-9]{12}):key\/[A-Za-z0-9-]{1,128}$/;

/** Partition, region and account, which an alias shares with the key that it points to. */
export interface KeyOwner {
  partition: string;
  region: string;
  account: string;
}

/** @returns undefined if the text is no alias ARN */
export function ownerOfAlias(aliasArn: string): KeyOwner | undefined {
  return ownerIn(ALIAS_ARN, aliasArn);
}

/**
 * An alias can point to any key of its account, but never to a key of another account: an answer that names such
 * a key did not come from the requested KMS key.
 * @throws KmsError `kms_answer_invalid`
 */
export function checkKeyArn(keyArn: string, asked: KeyOwner): void {
  const answered = ownerIn(KEY_ARN, keyArn);
  if (
    answered?.partition !== asked.partition ||
    answered.region !== asked.region ||
    answered.account !== asked.account
  ) {
    throw new KmsError('kms_answer_invalid', "the answer names no key of the alias's account and region");
  }
}

function ownerIn(pattern: RegExp, arn: string): KeyOwner | undefined {
  const [, partition, region, account] = pattern.exec(arn) ?? [];
  return partition === undefined || region === undefined || account === undefined
    ? undefined
    : { partition, region, account };
}

/** Room for base64 of 6 KiB of ciphertext (KMS's largest), base64 of the envelope around 4 KiB of plaintext, and names. */
export const MAX_ANSWER_BYTES = 24 * 1024;
/**
 * The most that fits into a sealed record (libs/protocol, sealed-key.ts). KMS's ciphertext of a data key has some 190
 * bytes.
 */
const MAX_DATA_KEY_CIPHERTEXT_BYTES = 1024;

const base64 = (maxBytes: number) =>
  z
    .string()
    .min(4)
    .max(Math.ceil(maxBytes / 3) * 4)
    .transform((text, context): Uint8Array => {
      try {
        return fromBase64(text);
      } catch {
        context.addIssue({ code: 'custom' });
        return z.NEVER;
      }
    });

const envelope = base64(8 * 1024);
/**
 * With `Recipient` KMS leaves it null or empty (API Reference, GenerateDataKey and Decrypt): an answer with content
 * here is refused.
 */
const noPlaintext = z.union([z.null(), z.literal('')]).optional();

// Not strict: KMS adds fields (KeyMaterialId came in 2025), and each field that is used is checked
const dataKeySchema = z.object({
  KeyId: z.string().max(512),
  CiphertextBlob: base64(MAX_DATA_KEY_CIPHERTEXT_BYTES),
  CiphertextForRecipient: envelope,
  Plaintext: noPlaintext,
});
const decryptedSchema = z.object({
  KeyId: z.string().max(512),
  EncryptionAlgorithm: z.literal('SYMMETRIC_DEFAULT').optional(),
  CiphertextForRecipient: envelope,
  Plaintext: noPlaintext,
});

export type DataKeyAnswer = z.output<typeof dataKeySchema>;
export type DecryptedAnswer = z.output<typeof decryptedSchema>;

/** @throws KmsError `kms_answer_invalid` */
export function readDataKeyAnswer(body: Uint8Array): DataKeyAnswer {
  return read(dataKeySchema, body);
}

/** @throws KmsError `kms_answer_invalid` */
export function readDecryptedAnswer(body: Uint8Array): DecryptedAnswer {
  return read(decryptedSchema, body);
}

// No cause is kept, because a parser's message quotes the input
function read<Answer>(schema: z.ZodType<Answer>, body: Uint8Array): Answer {
  if (body.length > MAX_ANSWER_BYTES) throw new KmsError('kms_answer_invalid', 'the answer is too large');
  let parsed;
  try {
    parsed = schema.safeParse(decodeJson(body));
  } catch {
    throw new KmsError('kms_answer_invalid', 'the answer is no JSON');
  }
  if (parsed.success) return parsed.data;
  const fields = new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'the whole')));
  throw new KmsError('kms_answer_invalid', `the answer is not KMS's to an attested request: ${[...fields].join(', ')}`);
}
