import * as z from 'zod';
import { base64UrlText } from '../encoding/base64-text';
import { MESSAGE_ID_PATTERN } from './message-id';
import { DEFAULT_SUITE, KEY_ID_BYTES, NULLIFIER_BYTES } from './sealed-message';

const HASH_BYTES = 32;
const ANSWER_KEY_BYTES = 32;
const STATUS_SECRET_BYTES = 32;
const MAX_ORIGIN_LENGTH = 300;

/**
 * The value that a sender keeps to follow a message later (`KeptMessage` of libs/client). SECRET: it opens the answer and,
 * for a proven message, gives access to the status. Its JSON has less than 1,000 bytes, because every member is bounded.
 */
export const keptMessageSchema = z.strictObject({
  v: z.literal(2),
  gateway: z.string().max(MAX_ORIGIN_LENGTH),
  id: z.string().regex(MESSAGE_ID_PATTERN),
  suite: z.literal(DEFAULT_SUITE),
  keyId: base64UrlText(KEY_ID_BYTES),
  expiresAt: z.int().min(0).max(0xffff_ffff),
  nullifier: base64UrlText(NULLIFIER_BYTES).nullable(),
  sealedSha256: base64UrlText(HASH_BYTES),
  answerKey: base64UrlText(ANSWER_KEY_BYTES),
  statusSecret: base64UrlText(STATUS_SECRET_BYTES).nullable(),
  accepted: z.boolean(),
});
