// The file that `node communique-tee.mjs receipt verify` and /verify accept.
import type { VerifiedReport } from '@communique-tee/client';
import { toHex } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';

export interface ReceiptFile {
  readonly name: string;
  readonly text: string;
  /** The SHA-256 of the file, 64 hexadecimal digits, as `sha256sum` prints it. */
  readonly sha256: string;
}

export function receiptFileOf(id: string, { receipt }: Pick<VerifiedReport, 'receipt'>): ReceiptFile {
  const text = `${JSON.stringify(receipt, null, 2)}\n`;
  return { name: `receipt-${id}.json`, text, sha256: toHex(sha256(new TextEncoder().encode(text))) };
}
