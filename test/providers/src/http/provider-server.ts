import type { IncomingMessage, ServerResponse } from 'node:http';
import { pauseUnlessClosed, readBody } from '@communique-tee/testing/harness';
import { composeAnswer, type DefaultAnswer } from '../answers/compose';
import { Refused, type Account, type Dialect, type HttpAnswer, type Route } from '../dialects/dialect';
import { parseJson } from '../dialects/json';
import { nameOf, type FaultSchedule } from '../faults/schedule';
import { SIMULATED_MODELS, simulatedModel, type ModelOf, type SimulatedProvider } from '../models';
import type { ProviderRequest, RequestLog } from '../requests';
import { applyFault } from './apply-fault';
import { send } from './send';

const MAX_BODY_BYTES = 1024 * 1024;
const KEY_HEADERS = new Set(['authorization', 'x-api-key', 'x-goog-api-key', 'cookie']);

export interface ProviderSettings {
  readonly account: Account;
  /** The models that the simulator knows and this provider does not have. */
  readonly withoutModels: readonly string[];
}

/** The parts that all providers of one simulator share. */
export interface Surroundings {
  readonly faults: FaultSchedule;
  readonly requests: RequestLog;
  whenNotScripted: DefaultAnswer;
  /** Resolves at the next release of held answers. */
  readonly released: () => Promise<void>;
}

/** The request handler of one provider's API. */
export class ProviderServer<P extends SimulatedProvider> {
  constructor(
    private readonly provider: P,
    private readonly dialect: Dialect<P>,
    private readonly settings: ProviderSettings,
    private readonly surroundings: Surroundings,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { faults, requests } = this.surroundings;
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const method = request.method ?? '';
    const route = this.dialect.route(method, path);
    const record: ProviderRequest = {
      provider: this.provider,
      operation: route?.operation ?? 'unknown',
      method,
      path,
      headers: shownHeaders(request),
      body: '',
      model: route !== null && 'model' in route ? route.model : null,
      outcome: null,
      billed: null,
      at: new Date().toISOString(),
    };
    requests.add(record);
    try {
      if (route?.operation === 'generate' && faults.takeBeforeReading(this.target(record))) {
        record.outcome = 'cut before_reading';
        return void request.socket.destroy();
      }
      await this.answer(route, new URLSearchParams(query), record, request, response);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      record.outcome = `refused ${error.errorClass}`;
      send(response, this.dialect.error(error.errorClass, error.details));
    } finally {
      requests.changed();
    }
  }

  private async answer(
    route: Route | null,
    query: URLSearchParams,
    record: ProviderRequest,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!route) throw new Refused('model', { message: 'Not found', status: 404 });
    this.dialect.authenticate(request.headers, query, this.settings.account);
    if (route.operation !== 'generate') return this.list(route, query, record, response);

    if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? ''))
      throw new Refused('request', { message: 'Unsupported content type. This API only accepts application/json.' });
    const body = await readBody(request, MAX_BODY_BYTES);
    if (!body) throw new Refused('too_large');
    record.body = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
    const asked = this.dialect.request(parseJson(body), {
      model: route.model,
      headers: request.headers,
      available: (name) => this.model(name),
    });
    record.model = asked.model;
    this.surroundings.requests.changed();
    const model = this.model(asked.model);
    if (!model) throw new Refused('model');

    const fault = this.surroundings.faults.take(this.target(record));
    const answered = (bill = true): HttpAnswer => {
      const scripted = fault?.kind === 'answer' ? fault.answer : null;
      const answer = composeAnswer(asked, scripted, this.surroundings.whenNotScripted);
      if (bill) record.billed = answer.counts;
      return { status: 200, ...this.dialect.answer(asked, model, answer) };
    };
    record.outcome = fault ? nameOf(fault) : 'answered';
    if (!fault || fault.kind === 'answer') return send(response, answered());
    await applyFault(fault, {
      request,
      response,
      answered,
      failedIn200: () => this.dialect.failedIn200(asked),
      error: (errorClass, details) => this.dialect.error(errorClass, details),
      released: () => untilClosed(this.surroundings.released(), request),
      pause: (delayMs) => pauseUnlessClosed(delayMs, request),
    });
  }

  private async list(
    route: Exclude<Route, { operation: 'generate' }>,
    query: URLSearchParams,
    record: ProviderRequest,
    response: ServerResponse,
  ): Promise<void> {
    const fault = this.surroundings.faults.take(this.target(record));
    if (fault?.kind === 'error') {
      const { class: errorClass, kind: _kind, ...details } = fault;
      throw new Refused(errorClass, details);
    }
    record.outcome = fault ? nameOf(fault) : 'answered';
    const found = (): unknown => {
      if (route.operation === 'models') return this.dialect.models(this.models(), query);
      const model = this.model(route.model);
      if (!model) throw new Refused('model', { message: `The model '${route.model}' does not exist` });
      return this.dialect.model(model);
    };
    const answered = (): HttpAnswer => ({ status: 200, headers: {}, body: found() });
    if (!fault || fault.kind === 'answer') return send(response, answered());
    await applyFault(fault, {
      request: response.req,
      response,
      answered,
      failedIn200: () => ({ error: { message: 'failed' } }),
      error: (errorClass, details) => this.dialect.error(errorClass, details),
      released: () => untilClosed(this.surroundings.released(), response.req),
      pause: (delayMs) => pauseUnlessClosed(delayMs, response.req),
    });
  }

  private models(): readonly ModelOf[P][] {
    const models: readonly ModelOf[P][] = SIMULATED_MODELS[this.provider];
    return models.filter(({ id }) => !this.settings.withoutModels.includes(id));
  }

  private model(name: string): ModelOf[P] | null {
    const model = simulatedModel(this.provider, name);
    return model !== null && !this.settings.withoutModels.includes(model.id) ? model : null;
  }

  private target({ operation, model }: ProviderRequest) {
    return {
      provider: this.provider,
      operation: operation === 'generate' ? ('generate' as const) : ('models' as const),
      model,
    };
  }
}

function shownHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !KEY_HEADERS.has(name))
      .map(([name, value]) => [name, String(value)]),
  );
}

/** Resolves when the promise resolves or the caller's connection closes. */
function untilClosed(done: Promise<void>, request: IncomingMessage): Promise<void> {
  return Promise.race([done, new Promise<void>((resolve) => request.socket.once('close', () => resolve()))]);
}
