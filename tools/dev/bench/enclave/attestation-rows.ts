import { beside, type Row } from '../measure';
import type { EnclaveLoadJob } from './load/job';
import { runEnclaveLoad } from './load/run';

const AT_ONCE = 8;
const WARM_UP_MS = 1000;
const DURATION_MS = 3000;
const REQUESTS = 1000;

/** Measures how many documents the NSM makes, and how many requests to the gateway reach the NSM. */
export async function attestationCallRows(enclave: string, gatewayUrl: string, accelerator: string): Promise<Row[]> {
  const fromEnclave: EnclaveLoadJob['target'] = { kind: 'enclave', address: enclave, ask: 'attestation' };
  const fromGateway = (withNonce: boolean): EnclaveLoadJob['target'] => ({
    kind: 'gateway',
    origin: gatewayUrl,
    withNonce,
  });
  const rate = async (what: string, target: EnclaveLoadJob['target'], senders: number): Promise<Row> => {
    const { ratePerSecond, p50, p99 } = await runEnclaveLoad({
      target,
      senders,
      warmUpMs: WARM_UP_MS,
      durationMs: DURATION_MS,
    });
    return { what, value: ratePerSecond, unit: 'req/s', note: `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms` };
  };
  const alone = await rate('documents from the enclave’s NSM, one at a time', fromEnclave, 1);
  const several = await rate(`documents from the enclave’s NSM, ${String(AT_ONCE)} at once`, fromEnclave, AT_ONCE);
  const withNonce = await rate(
    `GET /attestation of the gateway, with a nonce each, ${String(AT_ONCE)} at once`,
    fromGateway(true),
    AT_ONCE,
  );
  const shared = await rate(
    `GET /attestation of the gateway, without nonce, ${String(AT_ONCE)} at once`,
    fromGateway(false),
    AT_ONCE,
  );
  const named = REQUESTS.toLocaleString('en');
  const asked = { what: 'requests to the gateway', value: REQUESTS };
  const { distinctDocuments } = await runEnclaveLoad({
    target: fromGateway(false),
    senders: AT_ONCE,
    warmUpMs: 0,
    requests: REQUESTS,
  });
  const few: Row = {
    what: `documents that the NSM made for ${named} requests without nonce`,
    value: distinctDocuments,
    unit: 'documents',
  };
  return [
    { ...alone, note: `${alone.note ?? ''}; emulated NSM, ${accelerator.toUpperCase()}` },
    beside(several, alone),
    beside(withNonce, several),
    beside(shared, withNonce),
    {
      ...beside(few, asked),
      note: 'counts distinct documents, with a warm cache; each request with a nonce needs a new document. The rate limit per address (default 20 a minute) is set high here',
    },
  ];
}
