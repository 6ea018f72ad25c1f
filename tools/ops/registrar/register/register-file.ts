import { RESIDENCE_ID_PATTERN } from '@communique-tee/protocol';
import { parseDistrict, TREE_PLACES } from '@communique-tee/residence';
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { RegistrarError } from '../registrar-error';
import { PERSON_ID } from '../requests/person-id';
import { contradiction, type Person, type Register } from './register';

/** The state of the audit log when the register was written. */
export interface LogMark {
  readonly bytes: number;
  /** SHA-256 of the log's first `bytes` bytes, in hex. */
  readonly sha256: string;
}

const FORMAT = 'communique-tee register v1';
const PEOPLE_PER_CHUNK = 1000;

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
const seconds = z.int().min(0).max(9_999_999_999);
const id = z.string().regex(RESIDENCE_ID_PATTERN);

const header = z.strictObject({
  format: z.literal(FORMAT),
  registrar: id,
  maxCampaignDays: z.int().min(1).max(90),
  signingKey: z
    .string()
    .regex(/^[0-9a-f]{8}$/)
    .nullable(),
  files: z.int().min(1).max(1024),
  publications: z.int().min(0),
  newCommitmentsFrom: seconds,
  likenessKey: hex64,
  roots: z.array(z.strictObject({ number: z.int().min(1), root: hex64, notBefore: seconds, notAfter: seconds })),
  campaigns: z.array(z.strictObject({ id, notBefore: seconds, notAfter: seconds })),
  log: z.strictObject({ bytes: z.int().min(0), sha256: hex64 }),
  people: z.int().min(0).max(TREE_PLACES),
});

const person = z.strictObject({
  person: z.string().regex(PERSON_ID),
  registration: z
    .strictObject({
      commitment: hex64,
      district: z.string().refine(isDistrict),
      salt: hex64,
      index: z
        .int()
        .min(0)
        .max(TREE_PLACES - 1),
      since: z.int().min(0),
      from: seconds,
    })
    .nullable(),
  former: z.array(z.strictObject({ commitment: hex64, until: seconds })),
  likeness: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .nullable(),
});

/**
 * Yields the bytes of the register's file: a line of JSON without the people, a line for each person, and last `sha256 <hex>`, the hash of
 * the lines before.
 */
export function* formatRegister({ people, ...rest }: Register, log: LogMark): Generator<Uint8Array> {
  const hash = createHash('sha256');
  const lines: string[] = [];
  const chunk = (): Uint8Array => {
    const bytes = Buffer.from(lines.splice(0).join(''));
    hash.update(bytes);
    return bytes;
  };
  lines.push(`${JSON.stringify({ format: FORMAT, ...rest, log, people: people.size })}\n`);
  for (const each of people.values()) {
    lines.push(`${JSON.stringify(each)}\n`);
    if (lines.length >= PEOPLE_PER_CHUNK) yield chunk();
  }
  yield chunk();
  yield Buffer.from(`sha256 ${hash.digest('hex')}\n`);
}

/** @throws RegistrarError `ERR_REGISTRAR_UNREADABLE` if hash or form is wrong, or if entries contradict each other */
export function parseRegister(bytes: Buffer): { register: Register; log: LogMark } {
  const last = bytes.lastIndexOf('\n', -2) + 1;
  if (last === 0 || bytes.subarray(last).toString('latin1') !== `sha256 ${hashOf(bytes.subarray(0, last))}\n`)
    throw unreadable('its hash does not match: it is damaged, or it was edited');
  try {
    const lines = linesOf(bytes.subarray(0, last));
    const { format: _, log, people: count, ...rest } = header.parse(JSON.parse(lines.next().value ?? ''));
    const people = new Map<string, Person>();
    for (const line of lines) {
      const each = person.parse(JSON.parse(line));
      if (people.has(each.person)) throw new Error('a person is there twice');
      people.set(each.person, each);
    }
    const register: Register = { ...rest, people };
    const wrong = people.size === count ? contradiction(register) : 'people are missing';
    if (wrong !== null) throw new Error(wrong);
    return { register, log };
  } catch (error) {
    // Do not repeat the messages of zod and JSON.parse, which can quote a line.
    throw unreadable(
      error instanceof SyntaxError || error instanceof z.ZodError ? 'it has another form' : String(error),
    );
  }
}

export function unreadable(why: string): RegistrarError {
  return new RegistrarError('ERR_REGISTRAR_UNREADABLE', `the register cannot be used: ${why}`);
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function* linesOf(bytes: Buffer): Generator<string, undefined> {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf('\n', start);
    yield bytes.toString('utf8', start, end);
    start = end + 1;
  }
}

function isDistrict(text: string): boolean {
  try {
    parseDistrict(text);
    return true;
  } catch {
    return false;
  }
}
