import { decodeJson, fromBase64 } from '@communique-tee/protocol';
import * as z from 'zod';
import { KmsError } from './errors';

const ALIAS_ARN = /^arn:(aws[a-z-]*):kms:([a-z0-9-]{1,32}):([0-9]{12}):alias\/[A-Za-z0-9/_-]{1,256}$/;
const KEY_ARN = /^arn:(aws[a-z-]*):kms:([a-z0-9-]{1,32}):([0-9]{12}):key\/[A-Za-z0-9-]{1,128}$/;

/** An alias and its key always share these. */
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
 * Checks that the key in an answer has the owner of the requested alias. An alias points only to keys of its own account and region.
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

/** Enough for base64 of 6 KiB of ciphertext (KMS's largest), base64 of the envelope around 4 KiB of plaintext, and names. */
export const MAX_ANSWER_BYTES = 24 * 1024;
/** The most that a key record allows (libs/protocol, sealed-key.ts). KMS's ciphertext of a data key has about 190 bytes. */
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
/** In the answer to a request with `Recipient`, KMS leaves `Plaintext` null or empty (API Reference, GenerateDataKey and Decrypt). */
const noPlaintext = z.union([z.null(), z.literal('')]).optional();

// These schemas accept unknown fields, because KMS adds fields (KeyMaterialId in 2025)
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

// The errors have no cause, because a parser's message quotes the input
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
  throw new KmsError(
    'kms_answer_invalid',
    `the answer does not have the form of KMS's answer to an attested request: ${[...fields].join(', ')}`,
  );
}
