import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { faultPlanSchema } from '../faults/fault';
import type { FaultSchedule } from '../faults/schedule';
import type { ReceivedMessages } from '../received';
import { answer, readBody } from './body';

const MAX_PLAN_BYTES = 1024 * 1024;

/**
 * How another process reads what arrived and orders faults: plain HTTP on loopback.
 * `GET /control/received` -> JSON array; `DELETE /control/received`; `POST /control/faults` with a fault plan in JSON;
 * `GET /control/faults` -> how often each kind has struck.
 */
export class ControlServer {
  constructor(
    private readonly faults: FaultSchedule,
    private readonly received: ReceivedMessages,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // a web page in somebody's browser must not reach this by a name of its own
    if (!/^(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?$/.test(request.headers.host ?? ''))
      return json(response, 403, { error: 'loopback only' });
    const route = `${request.method ?? ''} ${(request.url ?? '').split('?')[0] ?? ''}`;
    switch (route) {
      case 'GET /control/received':
        return json(response, 200, this.received.all());
      case 'DELETE /control/received':
        this.received.clear();
        return answer(response, 204, 'application/json', '');
      case 'GET /control/faults':
        return json(response, 200, this.faults.counts());
      case 'POST /control/faults':
        return this.setFaults(request, response);
      default:
        return json(response, 404, { error: 'GET or DELETE /control/received, GET or POST /control/faults' });
    }
  }

  private async setFaults(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_PLAN_BYTES);
    if (!body) return json(response, 413, { error: `more than ${MAX_PLAN_BYTES} bytes` });
    let plan: unknown;
    try {
      plan = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
    } catch {
      return json(response, 400, { error: 'not JSON' });
    }
    const parsed = faultPlanSchema.safeParse(plan);
    if (!parsed.success)
      return json(response, 400, { error: 'not a fault plan', problems: z.flattenError(parsed.error) });
    this.faults.set(parsed.data);
    answer(response, 204, 'application/json', '');
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  answer(response, status, 'application/json', JSON.stringify(body));
}
