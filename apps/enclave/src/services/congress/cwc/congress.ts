import { chamberOf, forEachChamber, type Chamber, type CongressMessage } from '@communique-tee/protocol';
import {
  type Egress,
  HttpsError,
  type HttpsAnswer,
  type HttpsPost,
  httpsPost as post,
  KeptConnections,
  pemBlocks,
} from '../../../egress';
import type { Clock } from '../../../runtime/clock';
import type { ChamberConfig, CongressConfig } from './congress-config';
import { buildCwc, CwcError, paddedDocument } from './cwc-xml';
import { judgeAnswer, sentButNotKnown, type OfficeReason, type OfficeResult } from './judge-answer';
import { Pace, PaceFull } from './pace';

export interface Delivery {
  /** The office of this copy, one of the message's offices. */
  office: string;
  message: CongressMessage;
  /** Made by `deliveryId` or `provenDeliveryId`: 32 letters and digits, the same for every attempt at this copy. */
  deliveryId: string;
  signal?: AbortSignal;
}

export interface Congress {
  /** Makes one attempt at one office's copy. Never rejects, whatever Congress or the network does. */
  deliver(delivery: Delivery): Promise<OfficeResult>;
  /** Whether the configuration says that this chamber recognizes a repeated DeliveryId. */
  deduplicates(chamber: Chamber): boolean;
}

/** The operator's secrets received so far, by name. */
export type Secrets = Pick<ReadonlyMap<string, string>, 'get'>;

export function createCongress(
  config: CongressConfig,
  egress: Egress,
  clock: Clock,
  secrets: Secrets = new Map(),
): Congress {
  const chambers = forEachChamber((chamber) => open(chamber, config[chamber]));
  return {
    deduplicates: (chamber) => config[chamber].deduplicates,
    deliver: async ({ office, message, deliveryId, signal }) => {
      let xml: string;
      try {
        xml = buildCwc({
          office,
          message,
          deliveryAgent: config.deliveryAgent,
          deliveryId,
          now: new Date(clock.nowMs()),
        });
      } catch (error) {
        if (error instanceof CwcError) return { outcome: 'refused', reason: 'message_invalid', detail: null };
        throw error;
      }
      return send(chambers[chamberOf(office)], paddedDocument(xml), { egress, clock, secrets }, signal);
    },
  };
}

interface Surroundings {
  egress: Egress;
  clock: Clock;
  secrets: Secrets;
}

interface OpenChamber {
  chamber: Chamber;
  config: ChamberConfig;
  authorities: readonly string[];
  pace: Pace;
  /**
   * Idle connections, only for a chamber that de-duplicates. If the server closes a kept connection as a request arrives, the request gets
   * no answer. Then a chamber that de-duplicates can get the copy again; in another chamber the copy would end as `unknown`.
   */
  kept: KeptConnections | undefined;
}

function open(chamber: Chamber, config: ChamberConfig): OpenChamber {
  return {
    chamber,
    config,
    authorities: pemBlocks(config.certificateAuthorities),
    pace: new Pace({ ...config, maxWaitMs: config.timeoutMs }),
    kept: config.deduplicates ? new KeptConnections() : undefined,
  };
}

async function send(
  { chamber, config, authorities, pace, kept }: OpenChamber,
  body: Uint8Array,
  { egress, clock, secrets }: Surroundings,
  signal: AbortSignal | undefined,
): Promise<OfficeResult> {
  try {
    await pace.turn(signal);
  } catch (error) {
    if (error instanceof PaceFull) return notSent('busy');
    if (signal?.aborted === true) return notSent('aborted');
    throw error;
  }
  // Read after the wait, because the operator may have replaced the key during it
  const apiKey = config.apiKeySecret === undefined ? config.apiKeyReadableInImage : secrets.get(config.apiKeySecret);
  if (apiKey === undefined) return notSent('credentials_missing');
  try {
    const answer = await httpsPost(egress, {
      destination: chamber,
      origin: config.origin,
      target: `${config.messagePath}?apikey=${encodeURIComponent(apiKey)}`,
      authorities,
      clock,
      contentType: 'application/xml',
      body,
      kept,
      timeoutMs: config.timeoutMs,
      signal,
    });
    return judgeAnswer(answer, config.deduplicates, apiKey);
  } catch (error) {
    if (!(error instanceof HttpsError)) throw error;
    return error.sent ? sentButNotKnown(error.reason, config.deduplicates) : notSent(error.reason);
  }
}

/** No byte was sent, so the enclave may try again even if the chamber does not de-duplicate. */
function notSent(reason: OfficeReason): OfficeResult {
  return { outcome: 'pending', reason, detail: null };
}

export type CongressPost = Omit<HttpsPost, 'headers' | 'maxAnswerBytes'> & { contentType: string };

/** Enough for a text that explains a refusal. Only the status decides (judge-answer.ts), so an answer with a cut body still counts. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** @throws HttpsError */
export function httpsPost(egress: Egress, { contentType, ...request }: CongressPost): Promise<HttpsAnswer> {
  const headers = { 'content-type': contentType, accept: 'application/xml, text/xml, */*;q=0.1' };
  return post(egress, { ...request, headers, maxAnswerBytes: MAX_ANSWER_BYTES });
}
