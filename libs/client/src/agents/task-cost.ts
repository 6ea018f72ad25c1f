import { PRICE_TABLE, reservationMicroUsd, rowOf } from '@communique-tee/agents';
import { POLY1305_TAG_BYTES, TASK_BUCKETS } from '@communique-tee/protocol';
import type { ModelClass } from '../api';

/**
 * Returns an upper bound of the cost of one attempt at a task, in micro-dollars. It is at least what the gateway reserves. A second attempt
 * costs as much again.
 * @param textBytes bytes of UTF-8 of the text and the subject
 * @param at the day whose prices apply; today unless given
 * @returns null if this library has no price of the model, or the text is too long
 */
export function mostATaskCosts(
  { provider, model, maxOutputTokens }: ModelClass,
  textBytes: number,
  at = new Date(),
): bigint | null {
  const row = rowOf(PRICE_TABLE, provider, model, at);
  const bucket = TASK_BUCKETS.find((bytes) => bytes >= textBytes + SEALED_AROUND_BYTES);
  if (row === null || bucket === undefined) return null;
  return reservationMicroUsd({ row, ciphertextBytes: bucket + POLY1305_TAG_BYTES, maxOutputTokens });
}

/** An upper bound of the other sealed bytes: member names, members other than text and subject, and a length prefix. */
const SEALED_AROUND_BYTES = 160;
