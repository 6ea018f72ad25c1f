import { hash } from 'node:crypto';
import { NsmMockError } from './root';

const sha384 = (data: Uint8Array) => hash('sha384', data, 'buffer');
/** Returns the value of a register after one extension, as for the PCRs of an image: SHA384(48 zero bytes || SHA384(data)). */
const measure = (text: string) => new Uint8Array(sha384(Buffer.concat([Buffer.alloc(48), sha384(Buffer.from(text))])));

/** The role whose hash the mock NSM has in PCR3. The role does not exist. */
export const developmentRoleArn = 'arn:aws:iam::111122223333:role/communique-tee-development-parent';

/** Unlike the other registers, PCR3 is extended with the ARN of the parent's role itself, not with its hash. */
const pcr3 = new Uint8Array(sha384(Buffer.concat([Buffer.alloc(48), Buffer.from(developmentRoleArn, 'ascii')])));
const values = [
  ...[0, 1, 2].map((index) => measure(`communique-tee development PCR${index}: no image was measured`)),
  pcr3,
];
const hex = (index: number) => Buffer.from(values[index] ?? []).toString('hex');

/** The default values of the mock NSM's PCR0 to 3, 96 hexadecimal digits each. */
export const developmentMeasurements = { pcr0: hex(0), pcr1: hex(1), pcr2: hex(2), pcr3: hex(3) } as const;

export const lockedPcrs = 16;
export const maxPcrs = 32;

/** Returns PCR0 to 15, which the hypervisor locks. A register that is not given has its development value, or zeros. */
export function registers(given: ReadonlyMap<number, Uint8Array> = new Map()): Map<number, Uint8Array> {
  const out = new Map(Array.from({ length: lockedPcrs }, (_, index) => [index, values[index] ?? new Uint8Array(48)]));
  for (const [index, value] of given) {
    if (!out.has(index) || value.length !== 48)
      throw new NsmMockError(
        'ERR_NSM_MOCK_OPTIONS',
        `PCR${index}: 0 to ${lockedPcrs - 1} with 48 bytes each can be set`,
      );
    out.set(index, value.slice());
  }
  return out;
}
