import { configurationFor } from '@communique-tee/enclave/testing/enclave-fixture';
import { startSealedSurroundings } from '@communique-tee/enclave/testing/sealed-surroundings';
import { Sender } from '@communique-tee/enclave/testing/sender';
import { createNsm, type NsmTransport } from '@communique-tee/nsm';
import { CHAMBER_KEYS, forEachChamber } from '@communique-tee/protocol';
import type { Attack, EnclaveOptions } from './attack';
import { Egress, type Destination } from './egress';
import { Parent, type Expectation } from './parent';
import { processMachine } from './process-machine';

/** How long an offer of keys may wait for KMS. It is shorter than the default, so that an attack that blocks KMS ends soon. */
const KMS_TIMEOUT_MS = 8_000;

export interface Lab {
  readonly parent: Parent;
  readonly expectations: Expectation[];
  /** Stops every enclave, and the simulators. */
  stop(): Promise<void>;
}

/** A kind of laboratory in which attacks run. */
export interface Labs {
  /** Returns why this attack cannot run in this laboratory; null if it can. */
  cannotRun(attack: Attack): string | null;
  open(attack: Attack): Promise<Lab>;
  stop(): Promise<void>;
}

/** Laboratories with the development build as a process: a new process and new simulators for each attack. */
export const processLabs: Labs = {
  cannotRun: ({ cannotRun }) => cannotRun?.() ?? null,
  open: ({ enclave }) => processLab(enclave),
  stop: () => Promise.resolve(),
};

/** @param nsm wraps the mock NSM's transport, for example to change answers */
export async function processLab(
  options: EnclaveOptions = {},
  nsm: (transport: NsmTransport) => NsmTransport = (transport) => transport,
): Promise<Lab> {
  const deduplicates = options.deduplicates ?? true;
  const surroundings = await startSealedSurroundings(forEachChamber(() => ({ deduplicates })));
  const { congress, kms, time, trustAnchor, rootFolder, kmsSettings, device, client } = surroundings;
  const sender = new Sender(trustAnchor, () => time.nowMs());
  const expectations: Expectation[] = [];
  const stops = new AsyncDisposableStack();
  stops.defer(() => surroundings.stop());
  const stop = () => stops.disposeAsync();
  const farOf = (name: Destination) => {
    const { hostname: host, port } = new URL(name === 'kms' ? kms.origin : congress[name].origin);
    return { host, port: Number(port) };
  };

  const boot = async ({
    custody = 'process',
    legacySuite,
    configure = (configuration) => configuration,
    pcrs,
  }: EnclaveOptions = {}): Promise<Parent> => {
    const names: Destination[] = [...CHAMBER_KEYS, ...(custody === 'kms' ? (['kms'] as const) : [])];
    const routes = names.map((name, at) => ({ name, vsockPort: 8001 + at, ...farOf(name) }));
    const configuration = configure({
      ...configurationFor(congress, {
        congress: forEachChamber(() => ({ deduplicates })),
        ...(legacySuite !== undefined && { legacySuite }),
      }),
      egress: { mode: 'vsock', routes: routes.map(({ host, port, vsockPort }) => ({ host, port, vsockPort })) },
      ...(custody === 'kms' && { ...kmsSettings, kms: { ...kmsSettings.kms, timeoutMs: KMS_TIMEOUT_MS } }),
    });
    const machine = await processMachine({ configuration, nsm: nsm(await device(pcrs)), rootFolder });
    stops.defer(() => machine.stop());
    const egress = new Egress();
    stops.defer(() => egress.close());
    await egress.open(
      machine.vsock,
      routes.map(({ name, vsockPort, port }) => ({
        name,
        vsockPort,
        far: { kind: 'tcp', host: '127.0.0.1', port },
      })),
    );
    await machine.start();
    return new Parent({
      ...{ machine, egress, congress, kms, time, sender, expectations, boot, aws: client, rootFolder },
      nsm: async (other) => createNsm(await device(other)),
    });
  };

  try {
    return { parent: await boot(options), expectations, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
