import { codeOf } from '../error-code';

/** DNS did not answer, which does not mean that the name is missing. */
export class DnsSilent extends Error {
  constructor(readonly dnsCode: string) {
    super('DNS did not answer');
    this.name = 'DnsSilent';
  }
}

const ABSENT = new Set(['ENOTFOUND', 'ENODATA']);

/** @returns the records, empty if there are none. @throws DnsSilent */
export async function recordsOf<T>(question: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await question;
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (ABSENT.has(code)) return [];
    throw new DnsSilent(code === '' ? 'no code' : code);
  }
}
