import {
  costMicroUsd,
  priceTableSha256,
  reservationMicroUsd,
  rowOf,
  type PriceTable,
  type PricedModel,
} from '@communique-tee/agents';
import {
  USAGE_STATEMENT_TYPE,
  toBase64Url,
  usageStatementSchema,
  type Provider,
  type UsageStatement,
} from '@communique-tee/protocol';
import { ReceiptError } from './errors';
import {
  verifySignature,
  verifySigned,
  type SignedKind,
  type SignerPolicy,
  type VerifiedStatement,
} from './signed-by-enclave';

const STATEMENT: SignedKind<UsageStatement> = {
  type: USAGE_STATEMENT_TYPE,
  parse: (claims) => usageStatementSchema.parse(claims),
};

/** The attempt that a usage statement must be about. */
export interface ExpectedAttempt {
  /** The request id as a UUID, and SHA-256 (32 bytes) of the whole agent request's CBOR form. */
  readonly requestId: string;
  readonly requestSha256: Uint8Array;
  /** If absent, a statement about either attempt is accepted. */
  readonly attempt?: 1 | 2;
  readonly modelClass: string;
  /** The provider that the attested configuration has for this class. */
  readonly provider: Provider;
  readonly model: string;
  readonly maxOutputTokens: number;
  /** The length of the sealed task's ciphertext. */
  readonly ciphertextBytes: number;
  /** The price table for checking the cost. If null, the cost is not checked. */
  readonly prices: PriceTable | null;
}

/**
 * Verifies a usage statement. Makes the checks of `verifySigned`, and checks that the statement is about this attempt and that its cost
 * matches the price table.
 *
 * @param carried the JWS and its attestation document (COSE_Sign1); untrusted
 * @throws ReceiptError by `code`: the codes of a receipt, `ERR_STATEMENT_OTHER_REQUEST`, `ERR_STATEMENT_PRICES` and `ERR_STATEMENT_COST`
 */
export async function verifyUsageStatement(
  carried: { readonly statement: string; readonly attestationDocument: Uint8Array },
  policy: SignerPolicy,
  expected: ExpectedAttempt,
): Promise<VerifiedStatement<UsageStatement>> {
  const signed = { jws: carried.statement, document: carried.attestationDocument };
  const verified = await verifySigned(STATEMENT, signed, policy);
  checkUsageStatement(verified.claims, expected);
  return verified;
}

/**
 * Verifies only the signature, under a key that the caller already knows. Call `checkUsageStatement` as well.
 * @param receiptKey 32 bytes, Ed25519
 * @throws ReceiptError `ERR_RECEIPT_SIGNATURE` | `ERR_RECEIPT_MALFORMED`
 */
export function verifyUsageStatementSignature(statement: string, receiptKey: Uint8Array): Promise<UsageStatement> {
  return verifySignature(STATEMENT, statement, receiptKey);
}

/**
 * Checks that a statement is about this attempt, and that its cost is right:
 * - tokens reported: their price, which may exceed the reservation
 * - tokens unknown or invalid: the full reservation of one attempt
 * - nothing billed by the provider: zero
 * @throws ReceiptError `ERR_STATEMENT_OTHER_REQUEST` | `ERR_STATEMENT_PRICES` | `ERR_STATEMENT_COST`
 */
export function checkUsageStatement(claims: UsageStatement, expected: ExpectedAttempt): void {
  const isForThis =
    claims.request_id === expected.requestId &&
    claims.request_sha256 === toBase64Url(expected.requestSha256) &&
    (expected.attempt === undefined || claims.attempt === expected.attempt) &&
    claims.model_class === expected.modelClass &&
    claims.provider === expected.provider &&
    claims.model === expected.model;
  if (!isForThis) throw new ReceiptError('ERR_STATEMENT_OTHER_REQUEST', 'the statement is for another attempt');
  const { prices } = expected;
  if (prices === null) return;
  if (claims.prices_version !== prices.version || claims.prices_sha256 !== priceTableSha256(prices))
    throw new ReceiptError('ERR_STATEMENT_PRICES', 'the statement names another price table');
  const row = rowOf(prices, claims.provider, claims.model, new Date(claims.time * 1000));
  if (row === null)
    throw new ReceiptError(
      'ERR_STATEMENT_PRICES',
      "the price table has no price for this model at the statement's time",
    );
  if (BigInt(claims.cost_micro_usd) !== costOf(claims, row, expected))
    throw new ReceiptError('ERR_STATEMENT_COST', 'the cost is not the price of the stated usage');
}

function costOf({ usage, usage_state }: UsageStatement, row: PricedModel, expected: ExpectedAttempt): bigint {
  if (usage !== null) return costMicroUsd(usage, row);
  return usage_state === 'not_billed' ? 0n : reservationMicroUsd({ row, ...expected });
}
