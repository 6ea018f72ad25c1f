import { PRICE_TABLE, costMicroUsd, priceTableSha256, reservationMicroUsd, rowOf } from '@communique-tee/agents';
import { sealing } from '@communique-tee/crypto';
import {
  decodeAgentRequest,
  decodeAgentTask,
  encodeAgentAnswer,
  encodeSealedAnswer,
  messageIdToText,
  problemDocument,
  toBase64Url,
  type AgentAnswer,
  type AgentEnd,
  type AgentOffer,
  type AgentTask,
  type ProblemCode,
  type PublicConfiguration,
  type UsageStatement,
} from '@communique-tee/protocol';
import { signUsageStatement } from '@communique-tee/receipts/node';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendProblem, type Keys } from './test-gateway';

type Classes = NonNullable<PublicConfiguration['services']['agents']>['classes'];

interface Behind {
  readonly keysOf: (keyId: Uint8Array) => Keys | undefined;
  readonly document: (keys: Keys) => Promise<Uint8Array>;
}

export type TaskFault =
  'cut' | 'cut-after' | 'silence' | { readonly problem: ProblemCode; readonly retryAfter?: number };

/** The agents service of a TestGateway's enclave. It signs real statements with the receipt key. A test can make it misbehave. */
export class TestAgents {
  classes: Classes = [];
  /** Classes that the gateway does not take now. */
  readonly off = new Set<string>();
  /** Every post, in order. */
  readonly posted: { readonly body: Uint8Array; readonly token: string | undefined }[] = [];
  /** The tasks that reached a provider, as the enclave opened them: one for each distinct request. */
  readonly asked: AgentTask[] = [];
  /** The gateway answers each post with the first of these faults, and removes the fault. */
  faults: TaskFault[] = [];
  /** The enclave's answer. */
  answer: Pick<AgentAnswer, 'outcome' | 'text' | 'problem'> = {
    outcome: 'complete',
    text: 'Dear Senator',
    problem: null,
  };
  end: AgentEnd = 'complete';
  attempts: 1 | 2 = 1;
  pricesSha256 = priceTableSha256(PRICE_TABLE);
  /** Changes the enclave's claims before it signs them. */
  tamperClaims: (claims: UsageStatement) => UsageStatement = (claims) => claims;
  /** Changes the answer before the gateway sends it. */
  tamper: (result: Record<string, unknown>) => Record<string, unknown> = (result) => result;
  onSilence: () => void = () => undefined;
  /** Replies by the hash of the request. A real enclave remembers its replies too. */
  private readonly replies = new Map<string, Promise<Record<string, unknown>>>();

  published(): Pick<PublicConfiguration['services'], 'agents'> {
    if (this.classes.length === 0) return {};
    return {
      agents: { classes: this.classes, pricesVersion: PRICE_TABLE.version, pricesSha256: this.pricesSha256 },
    };
  }

  offer(): AgentOffer {
    return {
      on: this.classes.length > 0,
      classes: this.classes.map((each) => ({ ...each, available: !this.off.has(each.id) })),
      prices: { version: PRICE_TABLE.version, sha256: this.pricesSha256 },
    };
  }

  async post(body: Uint8Array, request: IncomingMessage, response: ServerResponse, behind: Behind): Promise<void> {
    this.posted.push({ body, token: request.headers.authorization });
    const fault = this.faults.shift();
    if (typeof fault === 'object') sendProblem(response, fault.problem, fault.retryAfter);
    else if (fault === 'cut') response.destroy();
    else if (fault === 'silence') this.onSilence();
    else if (behind.keysOf(decodeAgentRequest(body).sealed.keyId) === undefined) sendProblem(response, 'key_retired');
    else {
      const result = this.tamper(await this.remembered(body, behind));
      if (fault === 'cut-after') response.destroy();
      else {
        const status = 'code' in result ? 503 : 200;
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(result));
      }
    }
  }

  private remembered(body: Uint8Array, behind: Behind): Promise<Record<string, unknown>> {
    const hash = sha256(body);
    const reply = this.replies.get(hash) ?? this.reply(body, behind);
    this.replies.set(hash, reply);
    return reply;
  }

  private async reply(body: Uint8Array, { keysOf, document }: Behind): Promise<Record<string, unknown>> {
    const { modelClass, maxOutputTokens, sealed } = decodeAgentRequest(body);
    const keys = keysOf(sealed.keyId);
    const row = this.classes.find(({ id }) => id === modelClass);
    const priced = row && rowOf(PRICE_TABLE, row.provider, row.model, new Date());
    if (keys === undefined || !row || !priced)
      throw new Error('the client sent a task that a real enclave would refuse');
    const { plaintext, answerKey } = sealing.openTask(keys.pair, sealed);
    this.asked.push(decodeAgentTask(plaintext));
    const attestation = await document(keys);
    const usage = { input: 700, cached: 0, cacheWrittenShort: 0, cacheWrittenLong: 0, output: 41, thinking: 0 };
    const failed = this.answer.outcome === 'provider_failed';
    const full = reservationMicroUsd({ row: priced, ciphertextBytes: sealed.ciphertext.length, maxOutputTokens });
    const claims: UsageStatement = {
      v: 1,
      request_id: messageIdToText(sealed.messageId),
      request_sha256: sha256(body),
      attempt: this.attempts,
      model_class: modelClass,
      provider: row.provider,
      model: row.model,
      served_model: row.model,
      end: this.end,
      usage_state: failed ? 'unknown' : 'reported',
      usage: failed ? null : usage,
      prices_version: PRICE_TABLE.version,
      prices_sha256: this.pricesSha256,
      cost_micro_usd: String(failed ? full : costMicroUsd(usage, priced)),
      time: Math.floor(Date.now() / 1000),
      pcr0: developmentMeasurements.pcr0,
      attestation_sha256: sha256(attestation),
    };
    const statement = signUsageStatement(this.tamperClaims(claims), keys.signing);
    const attestationDocument = Buffer.from(attestation).toString('base64');
    if (failed && this.end !== 'other' && this.end !== 'not_sent')
      return { ...problemDocument('provider_unavailable'), reason: this.end, statement, attestationDocument };
    const opened = encodeAgentAnswer({ version: 1, requestId: sealed.messageId, ...this.answer });
    const answer = encodeSealedAnswer(sealing.sealTaskAnswer(answerKey, sealed, opened));
    return {
      id: claims.request_id,
      answer: Buffer.from(answer).toString('base64'),
      statement,
      attestationDocument,
      attempts: this.attempts,
    };
  }
}

function sha256(bytes: Uint8Array): string {
  return toBase64Url(createHash('sha256').update(bytes).digest());
}
