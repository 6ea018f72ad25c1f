import { randomBytes } from 'node:crypto';
import { NsmError, decodeCbor, encodeCbor, type NsmTransport } from '@communique-tee/nsm';
import { CertificateChainCache } from './chain';
import { signDocument } from './document';
import { maxPcrs, registers } from './measurements';
import { refuseProduction, developmentRoot } from './root';

export interface MockNsmOptions {
  /** The folder of the development root; made if absent. Anyone who can read it can forge documents. */
  rootFolder: string;
  /** By index, 0 to 15, with 48 bytes each. PCR0 to 3 default to `developmentMeasurements`, all others to zero. */
  pcrs?: ReadonlyMap<number, Uint8Array>;
  /** Returns the attested time in milliseconds, which may differ from the machine's clock. The default is Date.now. */
  now?: () => number;
  moduleId?: string;
}

/** An error of the device, by its name in aws-nitro-enclaves-nsm-api (src/api/mod.rs). */
class Refusal extends Error {
  constructor(readonly answer: 'InvalidArgument' | 'InvalidIndex' | 'InvalidOperation' | 'InputTooLarge') {
    super(answer);
  }
}

/**
 * Returns a transport to an NSM without hardware, for development. It uses the same CBOR as the device, and signs real COSE_Sign1. Its
 * certificate chain has the form and the validity periods of a real one, but a development root. The transport answers ExtendPCR, LockPCR
 * and LockPCRs with InvalidOperation, because no code here uses them.
 *
 * @throws NsmMockError ERR_NSM_MOCK_PRODUCTION, ERR_NSM_MOCK_ROOT, ERR_NSM_MOCK_OPTIONS
 * @example const nsm = createNsm(await createMockNsmTransport({ rootFolder: '.dev/nsm' }));
 */
export async function createMockNsmTransport(options: MockNsmOptions): Promise<NsmTransport> {
  refuseProduction();
  const now = options.now ?? Date.now;
  const pcrs = registers(options.pcrs);
  const moduleId = options.moduleId ?? `i-development-enc${randomBytes(8).toString('hex')}`;
  // Uses the later time, so that the mock NSM signs under the root of developmentRootPem even if `now` is early
  const root = await developmentRoot(options.rootFolder, Math.max(now(), Date.now()));
  const chains = new CertificateChainCache(root, moduleId);
  let closed = false;

  const attest = async (fields: Map<unknown, unknown>) => {
    const nonce = optionalBytes(fields, 'nonce', 0, 512);
    const userData = optionalBytes(fields, 'user_data', 0, 512);
    const publicKey = optionalBytes(fields, 'public_key', 1, 1024);
    const timestampMs = now();
    return {
      document: signDocument({ moduleId, timestampMs, pcrs, publicKey, userData, nonce }, await chains.at(timestampMs)),
    };
  };

  const describePcr = (fields: Map<unknown, unknown>) => {
    const index = fields.get('index');
    if (typeof index !== 'number') throw new Refusal('InvalidOperation');
    if (!Number.isInteger(index) || index < 0 || index >= maxPcrs) throw new Refusal('InvalidIndex');
    const value = pcrs.get(index);
    return { lock: value !== undefined, data: value ?? new Uint8Array(48) };
  };

  const describe = () => ({
    version_major: 1,
    version_minor: 0,
    version_patch: 0,
    module_id: moduleId,
    max_pcrs: maxPcrs,
    locked_pcrs: [...pcrs.keys()],
    digest: 'SHA384',
  });

  const answer = async (request: Uint8Array): Promise<unknown> => {
    if (request.length > 0x1000) throw new Refusal('InputTooLarge');
    const { name, fields } = parse(request);
    if (!fields) {
      if (name === 'DescribeNSM') return { DescribeNSM: describe() };
      if (name === 'GetRandom') return { GetRandom: { random: new Uint8Array(randomBytes(256)) } };
    } else {
      if (name === 'Attestation') return { Attestation: await attest(fields) };
      if (name === 'DescribePCR') return { DescribePCR: describePcr(fields) };
    }
    throw new Refusal('InvalidOperation');
  };

  return {
    async request(bytes) {
      if (closed) throw new NsmError('ERR_NSM_CLOSED', 'the NSM was closed');
      try {
        return encodeCbor(await answer(bytes));
      } catch (error) {
        if (error instanceof Refusal) return encodeCbor({ Error: error.answer });
        throw error;
      }
    },
    close() {
      closed = true;
      return Promise.resolve();
    },
  };
}

/** Parses a request: a name, or a map from one name to its fields. */
function parse(request: Uint8Array): { name: string; fields?: Map<unknown, unknown> } {
  let value: unknown;
  try {
    value = decodeCbor(request);
  } catch {
    throw new Refusal('InvalidOperation');
  }
  if (typeof value === 'string') return { name: value };
  if (value instanceof Map && value.size === 1) {
    for (const [name, fields] of value as Map<unknown, unknown>) {
      if (typeof name === 'string' && fields instanceof Map) return { name, fields };
    }
  }
  throw new Refusal('InvalidOperation');
}

function optionalBytes(fields: Map<unknown, unknown>, name: string, least: number, most: number): Uint8Array | null {
  const value = fields.get(name) ?? null;
  if (value === null) return null;
  if (!(value instanceof Uint8Array)) throw new Refusal('InvalidOperation');
  if (value.length > most) throw new Refusal('InputTooLarge');
  if (value.length < least) throw new Refusal('InvalidArgument');
  return value;
}
