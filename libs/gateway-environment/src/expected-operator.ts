import { AttestationError, pcr3OfRole } from '@communique-tee/attestation';

/** `any`, or PCR3 of each operator whose enclaves are accepted: 96 hexadecimal digits, lower case. */
export type ExpectedOperator = 'any' | readonly string[];
export type ExpectedOperatorReading =
  { readonly ok: true; readonly operator: ExpectedOperator } | { readonly ok: false; readonly problem: string };

/** Reads a list with commas, or `any`. Each entry is `sha384:<96 hex of PCR3>` or the ARN of the parent's role. */
export function parseExpectedOperator(text: string): ExpectedOperatorReading {
  if (text.trim() === 'any') return { ok: true, operator: 'any' };
  const accepted = new Set<string>();
  for (const [index, entry] of text.split(',').entries()) {
    const read = pcr3Of(entry.trim());
    if ('problem' in read) return { ok: false, problem: `entry ${String(index + 1)}: ${read.problem}` };
    accepted.add(read.pcr3);
  }
  return { ok: true, operator: [...accepted] };
}

function pcr3Of(entry: string): { readonly pcr3: string } | { readonly problem: string } {
  if (entry.startsWith('arn:')) {
    try {
      return { pcr3: pcr3OfRole(entry) };
    } catch (error) {
      if (!(error instanceof AttestationError)) throw error;
      return {
        problem:
          'must be the ARN of a role, arn:aws:iam::<12 digits>:role/<name>, and not of an instance profile or an assumed role; for a name with a comma, write sha384:<PCR3>',
      };
    }
  }
  const pcr3 = /^sha384:([0-9a-f]{96})$/i.exec(entry)?.[1]?.toLowerCase();
  if (pcr3 === undefined)
    return {
      problem:
        'must be sha384: and the 96 hex digits of PCR3, or the ARN of the parent’s role; any accepts every operator',
    };
  if (/^0+$/.test(pcr3))
    return { problem: 'all zero is a parent instance without a role: attach the role, and restart the enclave' };
  return { pcr3 };
}
