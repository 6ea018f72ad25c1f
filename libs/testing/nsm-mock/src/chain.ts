import { KeyUsageFlags } from './x509';
import { issue, type Signer, type Wanted } from './issue';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const caUsages = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;

interface Level extends Pick<Wanted, 'subject' | 'usages'> {
  pathLength: number | 'leaf';
  validityMs: number;
}

/** Returns the levels below the root, with the validities and path lengths of AWS's chain. */
function levels(moduleId: string): Level[] {
  const subject = (commonName: string) => `C=US, O=communique-tee, OU=development, CN=${commonName}`;
  const instance = moduleId.split('-enc')[0] ?? moduleId;
  return [
    {
      subject: subject('regional.development.nitro-enclaves'),
      pathLength: 2,
      usages: caUsages,
      validityMs: 20 * dayMs,
    },
    { subject: subject('zonal.development.nitro-enclaves'), pathLength: 1, usages: caUsages, validityMs: 5.6 * dayMs },
    {
      subject: subject(`${instance}.development.nitro-enclaves`),
      pathLength: 0,
      usages: KeyUsageFlags.keyCertSign,
      validityMs: dayMs,
    },
    {
      subject: subject(`${moduleId}.development`),
      pathLength: 'leaf',
      usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation,
      validityMs: 3 * hourMs,
    },
  ];
}

/** Whether a certificate has at least a tenth of its time left. Otherwise it and all certificates below it are issued again. */
function isCurrent(signer: Signer, nowMs: number): boolean {
  return nowMs >= signer.notBeforeMs && nowMs <= signer.notAfterMs - (signer.notAfterMs - signer.notBeforeMs) / 10;
}

export interface Chain {
  /** The root is first. The leaf is not in it. */
  cabundle: readonly Uint8Array[];
  leaf: Signer;
}

/** Issues certificates again before they expire. Simultaneous callers get the same chain. */
export class CertificateChainCache {
  readonly #root: Signer;
  readonly #levels: Level[];
  #signers: Signer[] = [];
  #queue: Promise<unknown> = Promise.resolve();

  constructor(root: Signer, moduleId: string) {
    this.#root = root;
    this.#levels = levels(moduleId);
  }

  at(nowMs: number): Promise<Chain> {
    const chain = this.#queue.then(() => this.#refresh(nowMs));
    this.#queue = chain.catch(() => undefined);
    return chain;
  }

  async #refresh(nowMs: number): Promise<Chain> {
    let issuer = this.#root;
    let anew = false;
    for (const [index, level] of this.#levels.entries()) {
      let signer = this.#signers[index];
      if (anew || !signer || !isCurrent(signer, nowMs)) {
        // Each certificate begins a few seconds early, like AWS's
        signer = await issue({ ...level, notBeforeMs: nowMs - 3_000, notAfterMs: nowMs + level.validityMs }, issuer);
        this.#signers[index] = signer;
        anew = true;
      }
      issuer = signer;
    }
    const cas = [this.#root, ...this.#signers.slice(0, -1)];
    return { cabundle: cas.map(({ der }) => der), leaf: issuer };
  }
}
