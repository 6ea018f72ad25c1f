import type { EnclaveKey } from '@communique-tee/client';
import type { CongressMessage } from '@communique-tee/protocol';
import { commitmentOf, deliveryOf, randomField, scopeOf } from '@communique-tee/residence';
import { createProver, type Prover } from '@communique-tee/residence/prover';
import { startTestRegistrar, type TestRegistrar } from '@communique-tee/test-registrar';
import { Constituent, type ProvenMessage, type ProvenOptions } from '@communique-tee/test-system';
import type { Draw } from '@communique-tee/testing/harness';

const PEOPLE = 6;
const LIST_ATTEMPTS = 5;
/** The offices of the district in which all residents are registered. */
export const RESIDENTS_OFFICES = ['HCA12', 'SCA01', 'SCA03'] as const;
const DISTRICT = 'CA-12';

/** A person and a campaign: the right to send one message. The gateway accepts a second one only in place of the first. */
export interface Ballot {
  prepare(content: CongressMessage, key: EnclaveKey, more: ProvenOptions): Promise<ProvenMessage>;
}

/** Registered people who send without a token. Each ballot gets its own campaign. */
export class Residents {
  private readonly deliveries = new Map<string, Uint8Array>();

  private constructor(
    readonly registrar: TestRegistrar,
    private readonly people: readonly { readonly secret: Uint8Array; readonly constituent: Constituent }[],
    private readonly prover: Prover,
  ) {}

  /** @param folder a folder that does not exist yet */
  static async start(folder: string, referenceString: Uint8Array): Promise<Residents> {
    const registrar = await startTestRegistrar({ folder });
    const prover = createProver({ referenceString });
    const secrets = Array.from({ length: PEOPLE }, randomField);
    const registrations = registrar.registerAll(
      secrets.map((secret) => ({ commitment: commitmentOf(secret), district: DISTRICT })),
    );
    const people = registrations.flatMap((registration, at) => {
      const secret = secrets[at];
      return secret === undefined
        ? []
        : [{ secret, constituent: new Constituent({ secret, registration, registrar, prove: prover.prove }) }];
    });
    return new Residents(registrar, people, prover);
  }

  /** Returns a person chosen at random, with a new campaign. */
  ballot(draw: Draw, campaign: string): Ballot {
    const { secret, constituent } = draw.one([...this.people] as [(typeof this.people)[number]]);
    const note = this.registrar.openCampaign(campaign);
    const scope = scopeOf(this.registrar.id, campaign);
    this.deliveries.set(`delivery for ${campaign}`, deliveryOf(secret, scope));
    return { prepare: (content, key, more) => untilListRead(() => constituent.prepare(content, key, note, more)) };
  }

  /** The secrets that must be in no log and no database. */
  get secrets(): Readonly<Record<string, Uint8Array>> {
    return {
      ...Object.fromEntries(this.people.map(({ secret }, at) => [`secret ${String(at)}`, secret])),
      ...Object.fromEntries(this.deliveries),
    };
  }

  async stop(): Promise<void> {
    this.prover.close();
    await this.registrar.stop();
  }
}

/** Tries again if the registrar's list could not be read, because a busy machine may serve it too late. */
async function untilListRead<T>(prepare: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await prepare();
    } catch (error) {
      const unreachable = error instanceof Error && 'code' in error && error.code === 'ERR_RESIDENCE_LIST_UNREACHABLE';
      if (!unreachable || attempt === LIST_ATTEMPTS) throw error;
    }
  }
}
