import { priceTableSha256, PRICE_TABLE, rowOf, reservationMicroUsd } from '@communique-tee/agents';
import { toHex, type AgentOffer, type PublicConfiguration } from '@communique-tee/protocol';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { AttestationMonitor } from '../attestation/attestation-monitor';
import type { EnclaveMonitor } from '../attestation/enclave-monitor';
import type { PostedTask } from './read-agent-request';

export type ModelClass = NonNullable<PublicConfiguration['services']['agents']>['classes'][number];

/** The enclave for a task. */
export interface Placement {
  readonly enclave: EnclaveMonitor;
  /** The attested module id of that enclave. */
  readonly moduleId: string;
  readonly modelClass: ModelClass;
  /** The most that one attempt can cost. */
  readonly amountMicroUsd: bigint;
}

/**
 * Whether the gateway takes tasks, or why it takes none. `off`: AGENTS is off. `not_offered`: no trusted enclave attests the service.
 * `prices_disagree`: no trusted enclave has this gateway's price table.
 */
export type AgentsState = 'on' | 'off' | 'not_offered' | 'prices_disagree';

export interface ModelOff {
  readonly provider: string;
  /** `*`: every model of the provider. */
  readonly model: string;
  readonly why: string;
  readonly since: Date;
}

const RETRY_AFTER_SECONDS = 5;
/** How old the list of models that are off may be. A reservation always asks the database. */
const FRESH_MS = 2000;

/** The model classes that tasks can use now: trusted enclaves attest them with this gateway's price table, and they are not off. */
@Injectable()
export class AgentOffers {
  readonly prices = { version: PRICE_TABLE.version, sha256: priceTableSha256(PRICE_TABLE) };
  private lastOff: { readonly at: number; readonly rows: Promise<ModelOff[]> } | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'agents'>,
    private readonly monitor: AttestationMonitor,
    private readonly database: Database,
  ) {}

  state(): AgentsState {
    if (!this.config.agents.on) return 'off';
    const attested = this.monitor.enclaves.flatMap((enclave) => serviceOf(enclave) ?? []);
    if (attested.some((service) => this.agrees(service))) return 'on';
    return attested.length === 0 ? 'not_offered' : 'prices_disagree';
  }

  /** For `GET /api/agents`. @throws ProblemError `database_unavailable` | `overloaded` */
  async offer(): Promise<AgentOffer> {
    if (this.state() !== 'on') return { on: false, classes: [], prices: null };
    const off = await this.modelsOff();
    const now = new Date();
    const classes = this.classes().map((each) => ({
      ...each,
      tasks: [...each.tasks],
      available: !isOff(each, off) && hasPrice(each, now),
    }));
    return { on: true, classes, prices: { ...this.prices } };
  }

  /**
   * Returns the models that are off. The list is at most two seconds old.
   * @throws ProblemError `database_unavailable` | `overloaded`
   */
  async modelsOff(now = performance.now()): Promise<ModelOff[]> {
    if (this.lastOff === undefined || now - this.lastOff.at > FRESH_MS) {
      const rows = this.database.read((client) =>
        client.agentModelOff.findMany({
          where: { clearedAt: null },
          select: { provider: true, model: true, why: true, since: true },
          orderBy: { since: 'asc' },
          take: 100,
        }),
      );
      this.lastOff = { at: now, rows };
      rows.catch(() => {
        this.lastOff = undefined;
      });
    }
    return this.lastOff.rows;
  }

  /**
   * Returns the attested models for which the price table has no price at this time. To add a price, the operator has to deploy a new
   * image and a new gateway.
   */
  modelsWithoutPrice(now: Date): Pick<ModelClass, 'provider' | 'model'>[] {
    if (!this.config.agents.on) return [];
    const without = this.classes().filter((each) => !hasPrice(each, now));
    return [...new Map(without.map(({ provider, model }) => [`${provider} ${model}`, { provider, model }])).values()];
  }

  /**
   * Chooses an enclave that has the task's key and offers its model class. If there are several, it chooses the one with the fewest running
   * tasks, and among equals a random one.
   * @param running returns the number of tasks of this gateway process that run in an enclave
   * @param only if given, no other enclave may be chosen
   * @throws ProblemError `agents_off` | `model_class_unknown` | `model_off` | `malformed_body` | `key_retired` | `enclave_unavailable`
   */
  place(
    { request }: PostedTask,
    running: (enclave: EnclaveMonitor) => number,
    now: Date,
    only?: EnclaveMonitor,
  ): Placement {
    if (this.state() === 'off') throw new ProblemError('agents_off');
    const keyId = toHex(request.sealed.keyId);
    const held = this.monitor.enclaves.map((enclave) => ({ enclave, keyIds: enclave.heldKeyIds() }));
    const holders = held.filter(
      ({ enclave, keyIds }) => keyIds?.includes(keyId) && (only === undefined || enclave === only),
    );
    if (holders.length === 0) {
      // The enclaves' unsigned reports are enough here, because no money was spent and the client can seal the task again.
      if (held.every(({ keyIds }) => keyIds !== null)) throw new ProblemError('key_retired');
      throw new ProblemError('enclave_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    const offering = holders.filter(({ enclave }) => this.agrees(serviceOf(enclave)));
    if (offering.length === 0) throw new ProblemError('agents_off');
    const [best] = offering
      .flatMap(({ enclave }) => {
        const moduleId = enclave.moduleId();
        const modelClass = serviceOf(enclave)?.classes.find(({ id }) => id === request.modelClass);
        return moduleId === null || modelClass === undefined ? [] : [{ enclave, moduleId, modelClass }];
      })
      .map((each) => ({ ...each, load: running(each.enclave), tie: Math.random() }))
      .sort((a, b) => a.load - b.load || a.tie - b.tie);
    if (best === undefined) throw new ProblemError('model_class_unknown');
    const { enclave, moduleId, modelClass } = best;
    if (request.maxOutputTokens > modelClass.maxOutputTokens)
      throw new ProblemError('malformed_body', { detail: 'maxOutputTokens is more than the model class takes.' });
    const row = rowOf(PRICE_TABLE, modelClass.provider, modelClass.model, now);
    // When the enclave started, it had prices for all its models, but a price may have ended since.
    if (row === null) throw new ProblemError('model_off');
    const { maxOutputTokens } = request;
    const ciphertextBytes = request.sealed.ciphertext.length;
    return {
      enclave,
      moduleId,
      modelClass,
      amountMicroUsd: reservationMicroUsd({ row, ciphertextBytes, maxOutputTokens }),
    };
  }

  /** Returns the enclave with this module id; null if it cannot be reached now, or was restarted. */
  byModuleId(moduleId: string): EnclaveMonitor | null {
    return this.monitor.enclaves.find((enclave) => enclave.moduleId() === moduleId) ?? null;
  }

  private classes(): ModelClass[] {
    const all = this.monitor.enclaves.flatMap((enclave) => {
      const service = serviceOf(enclave);
      return this.agrees(service) ? service.classes : [];
    });
    return [...new Map(all.map((each) => [each.id, each])).values()];
  }

  private agrees(service: AttestedAgents | undefined): service is AttestedAgents {
    return service?.pricesVersion === this.prices.version && service.pricesSha256 === this.prices.sha256;
  }
}

type AttestedAgents = NonNullable<PublicConfiguration['services']['agents']>;

function serviceOf(enclave: EnclaveMonitor): AttestedAgents | undefined {
  return enclave.isTrusted() ? enclave.attestedConfiguration()?.services.agents : undefined;
}

const hasPrice = ({ provider, model }: ModelClass, now: Date): boolean =>
  rowOf(PRICE_TABLE, provider, model, now) !== null;

function isOff({ provider, model }: ModelClass, off: readonly ModelOff[]): boolean {
  return off.some((row) => row.provider === provider && (row.model === '*' || row.model === model));
}
