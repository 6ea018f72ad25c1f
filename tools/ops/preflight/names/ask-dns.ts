import { codeOf } from '../error-code';

/** DNS did not answer, which does not mean that the name is missing. */
export class DnsNoAnswerError extends Error {
  constructor(readonly dnsCode: string) {
    super('DNS did not answer');
    this.name = 'DnsNoAnswerError';
  }
}

const ABSENT = new Set(['ENOTFOUND', 'ENODATA']);

/** @returns the records, empty if there are none. @throws DnsNoAnswerError */
export async function recordsOf<T>(question: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await question;
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (ABSENT.has(code)) return [];
    throw new DnsNoAnswerError(code === '' ? 'no code' : code);
  }
}
