import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { fetchEnclaveKey, prepareMessage, type PreparedMessage, type TrustPolicy } from '@communique-tee/client';
import { toHex } from '@communique-tee/protocol';
import { commitmentOf, randomField } from '@communique-tee/residence';
import { createProver } from '@communique-tee/residence/prover';
import { referenceStringForTests } from '@communique-tee/residence/testing';
import { startTestRegistrar, type TestRegistrar } from '../../../ops/registrar/testing';
import { Constituent, type System } from '@communique-tee/test-system';
import { setTimeout as sleep } from 'node:timers/promises';
import { exampleMessage } from '../../demo/example-message';
import { cpuSecondsSince } from '../measure';

const DISTRICT = 'CA-12';
/** How many proofs are made at the same time. */
const PROVERS = 2;
const KEY_TIMEOUT_MS = 60_000;
const KEY_POLL_MS = 50;

/** A sealed message as it is posted. */
export interface Sealed {
  readonly id: string;
  /** Base64. */
  readonly body: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface Senders {
  /** The registrar whose proofs the system must accept; absent if messages are sent with a token. */
  readonly residence?: { readonly mode: 'optional'; readonly registrar: TestRegistrar };
  /** Seals `count` messages for the offices of one district. `cpuMs` is the CPU time for all of them. */
  seal(system: System, count: number): Promise<{ readonly messages: readonly Sealed[]; readonly cpuMs: number }>;
  stop(): Promise<void>;
}

/** @param folder for a registrar; it must not exist yet */
export async function startSenders(folder: string, proven: boolean): Promise<Senders> {
  return proven ? startProven(folder) : { seal: sealPlain, stop: () => Promise.resolve() };
}

async function sealPlain(system: System, count: number) {
  const key = await keyOf(system);
  const before = process.cpuUsage();
  const messages = Array.from({ length: count }, () => sealedOf(prepareMessage(exampleMessage(), key)));
  return { messages, cpuMs: cpuSecondsSince(before) * 1000 };
}

async function startProven(folder: string): Promise<Senders> {
  const referenceString = referenceStringForTests();
  if (referenceString === undefined) throw new Error('no reference string on this machine');
  const registrar = await startTestRegistrar({ folder });
  const provers = Array.from({ length: PROVERS }, () => createProver({ referenceString }));
  const people = provers.map(({ prove }) => {
    const secret = randomField();
    const [registration] = registrar.registerAll([{ commitment: commitmentOf(secret), district: DISTRICT }]);
    if (registration === undefined) throw new Error('no person was registered');
    return new Constituent({ secret, registration, registrar, prove });
  });
  let campaigns = 0;
  return {
    residence: { mode: 'optional', registrar },
    async seal(system, count) {
      const key = await keyOf(system);
      const before = process.cpuUsage();
      const messages: Sealed[] = [];
      let left = count;
      await Promise.all(
        people.map(async (person) => {
          while (left-- > 0) {
            const note = registrar.openCampaign(`bench-${String(++campaigns)}`);
            messages.push(sealedOf(await person.prepare(exampleMessage(), key, note)));
          }
        }),
      );
      return { messages, cpuMs: cpuSecondsSince(before) * 1000 };
    },
    async stop() {
      for (const prover of provers) prover.close();
      await registrar.stop();
    },
  };
}

async function keyOf({ gatewayUrl, accepted, developmentRootPem }: System) {
  const policy: TrustPolicy = {
    acceptedMeasurements: accepted,
    trustAnchor: unsafeTrustAnchorFromPem(developmentRootPem),
  };
  for (const deadlineMs = performance.now() + KEY_TIMEOUT_MS; ;) {
    try {
      return await fetchEnclaveKey(gatewayUrl, policy);
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(KEY_POLL_MS);
    }
  }
}

function sealedOf({ id, sealed, sealedSha256, proven }: PreparedMessage): Sealed {
  return { id, body: Buffer.from(proven?.envelope ?? sealed).toString('base64'), sha256: toHex(sealedSha256) };
}
