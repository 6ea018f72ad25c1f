import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pauseUnlessClosed, readBody } from '@communique-tee/testing/harness';
import { SIMULATED_CHAMBERS, type Action, type Chamber } from '../chambers';
import type { CwcJudge } from '../cwc/validate';
import type { Fault } from '../faults/fault';
import type { FaultSchedule } from '../faults/schedule';
import type { OutcomeTable } from '../outcomes/outcome-table';
import type { ReceivedMessages } from '../received';
import { answer, errorsXml, escapeXml } from './body';

export interface ChamberOptions {
  apiKey: string;
  /** True: a repeated DeliveryId is answered with 409. False: it is accepted again. */
  deduplicates: boolean;
  /** The source addresses that may send; null allows every address. */
  allowedAddresses: readonly string[] | null;
  /** The offices that are served; null serves every office that exists. */
  offices: readonly string[] | null;
  maxBodyBytes: number;
  /** Whether a connection stays open after an answer to a request that was read to its end. */
  keepsConnections: boolean;
}

const XML = 'application/xml; charset=utf-8';

/** Handles requests as one chamber's CWC server. */
export class ChamberServer {
  constructor(
    private readonly chamber: Chamber,
    private readonly options: ChamberOptions,
    private readonly judge: CwcJudge,
    private readonly faults: FaultSchedule,
    private readonly received: ReceivedMessages,
    private readonly outcomes: OutcomeTable,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (this.options.allowedAddresses && !this.options.allowedAddresses.includes(address)) {
      return this.refuse(response, 403, 'this source address is not on the list');
    }
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const paths: Readonly<Record<string, Action>> = SIMULATED_CHAMBERS[this.chamber].paths;
    const action = Object.hasOwn(paths, path) ? paths[path] : undefined;
    if (!action) return this.refuse(response, 404, 'no such address');
    const method = action === 'offices' ? 'GET' : 'POST';
    if (request.method !== method) return answer(response, 405, XML, errorsXml([`${method} only`]), { allow: method });
    const keys = new URLSearchParams(query).getAll('apikey');
    if (keys.length !== 1 || !sameText(keys[0] ?? '', this.options.apiKey))
      return this.refuse(response, 401, 'the API key is missing or wrong');
    if (action === 'offices') return this.listOffices(response);
    await this.takeDocument(action, request, response);
  }

  private async takeDocument(
    action: 'message' | 'validate',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (action === 'message' && this.faults.takeBeforeReading(this.chamber)) return void request.socket.destroy();
    if (!/^application\/xml *(;|$)/i.test(request.headers['content-type'] ?? ''))
      return this.refuse(response, 415, 'application/xml only');
    const body = await readBody(request, this.options.maxBodyBytes);
    if (!body) return this.refuse(response, 413, `more than ${this.options.maxBodyBytes} bytes`);
    const judgement = this.judge(body, this.chamber);
    const errors = judgement.valid ? this.officeErrors(judgement.office) : judgement.errors;
    // A chosen outcome applies only to a valid message for its office. Otherwise the fault plan applies, also to invalid messages.
    const chosen =
      action === 'message' && judgement.valid && errors.length === 0
        ? this.outcomes.take(this.chamber, judgement.office, judgement.deliveryId)
        : null;
    const fault =
      chosen !== null ? chosen.fault : action === 'message' ? this.faults.take(this.chamber, officeIn(body)) : null;

    const store = (): { status: number; text: string } => {
      if (!judgement.valid || errors.length > 0) return { status: 400, text: errorsXml(errors) };
      if (action === 'validate')
        return { status: 200, text: '<?xml version="1.0" encoding="UTF-8"?>\n<Message>Valid</Message>\n' };
      const { deliveryId, office } = judgement;
      if (this.options.deduplicates && this.received.has(this.chamber, deliveryId))
        return { status: 409, text: errorsXml(['this DeliveryId was taken before']) };
      this.received.add({
        chamber: this.chamber,
        office,
        deliveryId,
        xml: new TextDecoder('utf-8', { ignoreBOM: true }).decode(body),
        at: new Date().toISOString(),
      });
      return { status: 201, text: '<?xml version="1.0" encoding="UTF-8"?>\n<Message>Accepted</Message>\n' };
    };

    if (fault) return this.fail(fault, store, request, response);
    const { status, text } = store();
    this.answerRead(response, status, text);
  }

  /** Answers a request that was read to its end. */
  private answerRead(
    response: ServerResponse,
    status: number,
    text: string,
    headers: Record<string, string> = {},
  ): void {
    answer(response, status, XML, text, {
      ...(this.options.keepsConnections && { connection: 'keep-alive' }),
      ...headers,
    });
  }

  private async fail(
    fault: Fault,
    store: () => { status: number; text: string },
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if ('stored' in fault && fault.stored) store();
    switch (fault.kind) {
      case 'status':
        return this.answerRead(
          response,
          fault.status,
          fault.body ?? errorsXml(['a fault on demand']),
          fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter },
        );
      case 'maintenance':
        return this.answerRead(response, 503, errorsXml(['down for maintenance']), {
          'retry-after': String(fault.retryAfterSeconds),
        });
      case 'redirect':
        return this.answerRead(response, 307, '', { location: fault.location });
      case 'slow': {
        await pauseUnlessClosed(fault.delayMs, request);
        const { status, text } = fault.stored ? { status: 201, text: '<Message>Accepted</Message>' } : store();
        return this.answerRead(response, status, text);
      }
      case 'garbage':
        request.socket.end('\u0000\u0001 this is not HTTP\r\n\r\n');
        return;
      case 'cut':
        if (fault.at === 'after_storing' || fault.at === 'in_the_answer') store();
        if (fault.at === 'in_the_answer')
          return void request.socket.write('HTTP/1.1 20', () => request.socket.destroy());
        request.socket.destroy();
    }
  }

  private get offices(): readonly string[] {
    return this.options.offices ?? SIMULATED_CHAMBERS[this.chamber].offices;
  }

  private officeErrors(office: string): string[] {
    return this.offices.includes(office) ? [] : ['Recipient/MemberOffice: this office is not served'];
  }

  private listOffices(response: ServerResponse): void {
    const offices = this.offices.map((office) => `<Office>${escapeXml(office)}</Office>`).join('');
    answer(response, 200, XML, `<?xml version="1.0" encoding="UTF-8"?>\n<Offices>${offices}</Offices>\n`);
  }

  private refuse(response: ServerResponse, status: number, reason: string): void {
    answer(response, status, XML, errorsXml([reason]));
  }
}

/** Reads the office without parsing the XML, because faults also apply to documents that the judge refuses. */
function officeIn(body: Uint8Array): string | null {
  return (
    /<MemberOffice>\s*([A-Z0-9]{1,20})\s*<\/MemberOffice>/.exec(
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(body),
    )?.[1] ?? null
  );
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
