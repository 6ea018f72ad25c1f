import type { CongressSimulatorOptions } from '@communique-tee/congress-simulator';
import { createNsm, type Nsm, type NsmTransport } from '@communique-tee/nsm';
import { decodeKeyStatus, encodeKeyOffer, type KeyOffer, type KeyStatus } from '@communique-tee/protocol';
import { parseConfiguration } from '../configuration/configuration';
import { createLog } from '../runtime/log';
import { startEnclave, type RunningEnclave } from '../start';
import { configurationFor } from './enclave-fixture';
import { CREDENTIALS, startSealedSurroundings, type SealedSurroundings } from './sealed-surroundings';

export {
  ALIAS,
  CREDENTIALS,
  DAY_MS,
  DEBUG_IMAGE,
  HOUR_MS,
  NEXT_IMAGE,
  OPERATOR,
  OPERATOR_ALIAS,
  PARENT,
} from './sealed-surroundings';

export interface SealedEnclave extends RunningEnclave {
  url: string;
  log: string[];
  /** Posts an offer of keys, by default with only the parent's credentials. */
  offer(offer?: Partial<KeyOffer>): Promise<KeyStatus>;
  post(body: Uint8Array): Promise<{ status: number; code: string | null; body: Uint8Array }>;
}

export interface EnclaveOptions {
  pcrs?: ReadonlyMap<number, Uint8Array>;
  configure?: (configuration: Record<string, unknown>) => Record<string, unknown>;
  nsm?: (transport: NsmTransport) => NsmTransport;
  /** How often counts of connections are published, in milliseconds; by default every five minutes. */
  publishEveryMs?: number;
}

/** Enclaves with KMS-sealed keys in the test's process, with everything that they need. */
export interface SealedWorld extends Omit<SealedSurroundings, 'device' | 'kmsSettings' | 'rootFolder'> {
  start(options?: EnclaveOptions): Promise<SealedEnclave>;
  /** Returns an NSM that attests these measurements, by default those of the test's image. */
  nsm(pcrs?: ReadonlyMap<number, Uint8Array>): Promise<Nsm>;
  /** The whole output of every enclave here: log lines and answers. */
  said: Uint8Array[];
}

export async function startSealedWorld(options: { congress?: CongressSimulatorOptions } = {}): Promise<SealedWorld> {
  const surroundings = await startSealedSurroundings(options.congress);
  const { congress, trustAnchor, device, kmsSettings } = surroundings;
  const running = new Set<RunningEnclave>();
  const said: Uint8Array[] = [];

  const start = async ({
    pcrs,
    configure = (configuration) => configuration,
    nsm = (transport) => transport,
    publishEveryMs,
  }: EnclaveOptions = {}): Promise<SealedEnclave> => {
    const log: string[] = [];
    const configuration = configure({
      ...configurationFor(congress),
      ...kmsSettings,
    });
    const sink = (line: string) => {
      log.push(line);
      said.push(Buffer.from(line));
    };
    const enclave = await startEnclave(parseConfiguration(configuration), nsm(await device(pcrs)), {
      log: createLog(sink),
      developmentRoot: trustAnchor,
      ...(publishEveryMs !== undefined && { publishEveryMs }),
    });
    running.add(enclave);
    const url = enclave.address.replace('tcp:', 'http://');
    const post = async (sent: Uint8Array) => {
      const response = await fetch(`${url}/keys`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor' },
        body: new Uint8Array(sent),
      });
      const body = new Uint8Array(await response.arrayBuffer());
      said.push(body);
      return {
        status: response.status,
        code: response.ok ? null : (JSON.parse(Buffer.from(body).toString()) as { code: string }).code,
        body,
      };
    };
    return {
      ...enclave,
      url,
      log,
      post,
      async offer(offer = {}) {
        const { code, body } = await post(
          encodeKeyOffer({ credentials: CREDENTIALS, records: [], revoked: [], secrets: {}, ...offer }),
        );
        if (code !== null) throw Object.assign(new Error(code), { code });
        return decodeKeyStatus(body);
      },
      async close() {
        running.delete(enclave);
        await enclave.close();
      },
    };
  };

  return {
    ...surroundings,
    said,
    start,
    nsm: async (pcrs) => createNsm(await device(pcrs)),
    async stop() {
      for (const enclave of running) await enclave.close();
      await surroundings.stop();
    },
  };
}
