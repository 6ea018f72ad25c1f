import { verifyResult, type TrustPolicy } from '@communique-tee/client';
import { toBase64Url, toHex, type MessageView, type Outcome } from '@communique-tee/protocol';
import type { SentMessage } from '../senders/sent-message';
import type { MessageRow } from './record';

export interface OpenedOffice {
  readonly office: string;
  readonly outcome: Outcome;
  readonly deliveryId: string | null;
}

/** The offices in the verified receipt and opened answer of a message, or the code of the check that failed. */
export type OpenedResult =
  { readonly ok: true; readonly offices: readonly OpenedOffice[] } | { readonly ok: false; readonly code: string };

/**
 * Returns a result for each message that has a receipt, by message id. Each receipt is verified with the attestation document that the
 * gateway stored with it.
 */
export async function openResults(
  rows: readonly MessageRow[],
  sent: ReadonlyMap<string, SentMessage>,
  policy: TrustPolicy,
): Promise<Map<string, OpenedResult>> {
  const opened = new Map<string, OpenedResult>();
  for (const row of rows) {
    const message = sent.get(row.id);
    if (row.receipt !== null && message !== undefined)
      opened.set(row.id, await open(row, row.receipt, message, policy));
  }
  return opened;
}

async function open(
  row: MessageRow,
  receipt: string,
  message: SentMessage,
  policy: TrustPolicy,
): Promise<OpenedResult> {
  const prepared = message.prepared.find(({ sealedSha256 }) => toHex(sealedSha256) === row.sealedSha256);
  if (prepared === undefined) return { ok: false, code: 'never_sealed' };
  if (row.attestationDocument === null || row.sealedAnswer === null) return { ok: false, code: 'incomplete' };
  const view: MessageView = {
    id: row.id,
    status: row.status,
    acceptedAt: '',
    expiresAt: row.expiresAt.toISOString(),
    endedAt: null,
    attempts: 0,
    nextAttemptAt: null,
    reason: row.reason,
    receipt: { receipt, attestation_document: Buffer.from(row.attestationDocument).toString('base64') },
    sealedAnswer: toBase64Url(new Uint8Array(row.sealedAnswer)),
  };
  try {
    const { answer } = await verifyResult(view, prepared, policy);
    return {
      ok: true,
      offices: answer.offices.map(({ office, outcome, deliveryId }) => ({ office, outcome, deliveryId })),
    };
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    return { ok: false, code: typeof code === 'string' ? code : 'does_not_verify' };
  }
}
