import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pauseUnlessClosed, readBody } from '@communique-tee/testing/harness';
import { KmsFailure } from '../failure';
import type { Fault } from '../faults/fault';
import type { FaultSchedule } from '../faults/schedule';
import type { KeyStore } from '../keys/key-store';
import type { Answer } from '../operations/call';
import { operations } from '../operations';
import type { RecipientVerifier } from '../recipient/attestation';
import type { EnvelopeForm } from '../recipient/enveloped-data';
import type { KmsRequestRecord, RequestLog } from '../requests';
import type { Caller } from '../signature/credentials';
import { verifySignature } from '../signature/verify';
import { changed } from './apply-fault';
import { parseFields } from './json';

const TYPE = 'application/x-amz-json-1.1';
const MAX_BODY_BYTES = 512 * 1024;

export interface KmsServerParts {
  region: string;
  account: string;
  keys: KeyStore;
  credentials: ReadonlyMap<string, Caller>;
  recipients: RecipientVerifier;
  faults: FaultSchedule;
  requests: RequestLog;
  envelope: EnvelopeForm;
  nowMs: () => number;
}

/** The server side of AWS JSON 1.1, as a request handler for an HTTPS server. */
export class KmsServer {
  /** Unexpected errors of the simulator itself. A test with such an error proves nothing. */
  readonly mistakes: unknown[] = [];

  constructor(private readonly parts: KmsServerParts) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = /^TrentService\.([A-Za-z]{1,64})$/.exec(one(request.headers['x-amz-target']))?.[1] ?? 'unknown';
    const fault = this.parts.faults.take(action);
    const nowMs = this.parts.nowMs() + (fault?.kind === 'clock' ? fault.offsetMs : 0);
    const record = this.parts.requests.open(nowMs, operations.has(action) ? action : 'unknown');
    if (fault) record.fault = fault.kind;
    if (fault?.kind === 'cut' && fault.at === 'before_reading') return void request.socket.destroy();

    const body = await readBody(request, MAX_BODY_BYTES);
    if (fault?.kind === 'cut' && fault.at === 'after_reading') return void request.socket.destroy();
    if (fault?.kind === 'slow' && fault.done !== true) await pauseUnlessClosed(fault.delayMs, request);

    let status = 200;
    let answer: Answer;
    try {
      answer = await this.answer(request, body, action, nowMs, fault, record);
      record.decision = 'done';
    } catch (error) {
      if (!(error instanceof KmsFailure)) this.mistakes.push(error);
      const failure =
        error instanceof KmsFailure
          ? error
          : new KmsFailure('KMSInternalException', 'the simulator itself failed', 500);
      record.decision = failure.type;
      status = failure.status;
      // KMS writes `Message` with a capital letter when it denies access
      answer = {
        __type: failure.type,
        ...(failure.message !== '' && {
          [failure.type === 'AccessDeniedException' ? 'Message' : 'message']: failure.message,
        }),
      };
    }
    if (fault?.kind === 'slow' && fault.done === true) await pauseUnlessClosed(fault.delayMs, request);
    send(request, response, status, JSON.stringify(answer), nowMs, fault);
  }

  private async answer(
    request: IncomingMessage,
    body: Uint8Array | null,
    action: string,
    nowMs: number,
    fault: Fault | undefined,
    record: KmsRequestRecord,
  ): Promise<Answer> {
    if (fault?.kind === 'throttling')
      throw new KmsFailure(
        'ThrottlingException',
        'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
      );
    if (fault?.kind === 'internal') throw new KmsFailure('KMSInternalException', 'KMS internal failure', 500);
    if (fault?.kind === 'error') throw new KmsFailure(fault.type, fault.message, fault.status);
    if (!body) throw new KmsFailure('RequestEntityTooLargeException', 'The request is too large.', 413);

    const { region, account, keys, credentials, recipients } = this.parts;
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const operation = operations.get(action);
    const isCall = request.method === 'POST' && path === '/' && one(request.headers['content-type']) === TYPE;
    if (!isCall || !operation) throw new KmsFailure('UnknownOperationException', '', isCall ? 400 : 404);
    const caller = verifySignature(
      { method: 'POST', path, query, rawHeaders: request.rawHeaders, body },
      { region, nowMs, find: (id) => credentials.get(id) },
    );
    record.principal = caller.principalArn;

    const answer = await operation({
      fields: parseFields(body),
      caller,
      keys,
      recipients,
      region,
      account,
      nowMs,
      envelope: fault?.kind === 'envelope' ? fault.form : this.parts.envelope,
      note: (seen) => Object.assign(record, seen),
    });
    return changed(answer, fault);
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  nowMs: number,
  fault: Fault | undefined,
): void {
  if (response.destroyed) return;
  if (fault?.kind === 'cut' && fault.at === 'after_doing') return void request.socket.destroy();
  const isGarbage = fault?.kind === 'garbage';
  const body = Buffer.from(isGarbage ? (fault.body ?? '\u0000\u0001 this is no JSON') : text);
  response.writeHead(isGarbage ? (fault.status ?? 200) : status, {
    'content-type': TYPE,
    'content-length': body.length,
    'x-amzn-requestid': randomUUID(),
    date: new Date(nowMs).toUTCString(),
    // the connection closes if the body was not read to its end
    ...(!request.complete && { connection: 'close' }),
  });
  if (fault?.kind === 'cut')
    return void response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
  response.end(body);
}

const one = (header: string | string[] | undefined): string => (typeof header === 'string' ? header : '');
