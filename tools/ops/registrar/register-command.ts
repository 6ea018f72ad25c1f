import { UsageError, type Streams } from '@communique-tee/command-line';
import { readFileSync } from 'node:fs';
import type { Change } from './people/change-people';
import { registrationJson, type Registrar } from './registrar';
import { refuseIf } from './registrar-error';
import {
  readMoves,
  readRequests,
  wrongCommitment,
  wrongPerson,
  type Move,
  type Read,
  type Request,
} from './requests/read-requests';
import { CheckedResidents } from './residence/checked-residents';
import { CheckProgram } from './residence/check-program';
import type { ResidenceCheck } from './residence/residence-check';

/** The commands registrar add and registrar move. */

export interface AddOptions {
  readonly csv?: string;
  readonly person?: string;
  readonly commitment?: string;
  readonly district?: string;
  readonly residents?: string;
  readonly check?: string;
  readonly checkArgument?: string[];
  readonly distinct?: boolean;
  readonly json?: boolean;
}

export async function addCommand(open: Registrar, options: AddOptions, streams: Streams): Promise<number> {
  const check = checkOf(options, streams);
  const requests = requestsOf(options, check !== null, streams);
  const findings = check === null ? null : await check.check(requests.map(({ person }) => person));
  report(open, open.add(requests, findings), options, streams);
  return 0;
}

export function moveCommand(open: Registrar, options: AddOptions, streams: Streams): number {
  report(open, open.move(movesOf(options, streams)), options, streams);
  return 0;
}

function requestsOf(options: AddOptions, isChecked: boolean, streams: Streams): readonly Request[] {
  const { csv, person, commitment, district, distinct = false } = options;
  if (csv !== undefined) {
    if ([person, commitment, district].some((each) => each !== undefined) || distinct)
      throw new UsageError('add takes --csv, or --person and --commitment');
    return itemsOf(readRequests(readFileSync(csv), !isChecked), 'Nothing was registered.', streams);
  }
  if (person === undefined || commitment === undefined)
    throw new UsageError('add takes --csv, or --person and --commitment');
  if (isChecked === (district !== undefined))
    throw new UsageError('add takes one of --district, --residents and --check');
  const wrong = wrongPerson(person) ?? wrongCommitment(commitment);
  refuseIf(wrong === null ? [] : [{ line: 0, text: wrong }], 'Nothing was registered.');
  return [{ line: 0, person, commitment, district: district ?? null, name: null, born: null, distinct }];
}

function movesOf({ csv, person, district }: AddOptions, streams: Streams): readonly Move[] {
  if (csv !== undefined && person === undefined && district === undefined)
    return itemsOf(readMoves(readFileSync(csv)), 'No one was moved.', streams);
  if (csv !== undefined || person === undefined || district === undefined)
    throw new UsageError('move takes --csv, or --person and --district');
  return [{ line: 0, person, district }];
}

function checkOf({ residents, check, checkArgument = [] }: AddOptions, streams: Streams): ResidenceCheck | null {
  if (residents !== undefined && check !== undefined)
    throw new UsageError('add takes one of --district, --residents and --check');
  if (check !== undefined) return new CheckProgram(check, checkArgument);
  if (checkArgument.length > 0) throw new UsageError('--check-argument is for --check');
  if (residents === undefined) return null;
  const list = CheckedResidents.read(readFileSync(residents));
  for (const remark of list.remarks) streams.err(`${residents}: ${remark}\n`);
  return list;
}

function itemsOf<T>({ items, problems, remarks }: Read<T>, nothingWas: string, streams: Streams): readonly T[] {
  for (const remark of remarks) streams.err(`${remark}\n`);
  refuseIf(problems, nothingWas);
  return items;
}

/** Prints the registrations that the operator gives to people. For one person it prints nothing else, so the output is the person's file. */
function report(open: Registrar, changes: readonly Change[], { csv, json }: AddOptions, streams: Streams): void {
  const { registrar } = open.register;
  const made = changes.flatMap(({ kind, person, registration }) =>
    registration === null
      ? []
      : [{ person, kind, publishedFrom: registration.from, registration: registrationJson(registrar, registration) }],
  );
  if (json === true) streams.out(`${JSON.stringify({ people: made })}\n`);
  else if (csv === undefined) for (const each of made) streams.out(`${JSON.stringify(each.registration)}\n`);
  else for (const each of made) streams.out(`${JSON.stringify(each)}\n`);

  const count = (kind: string): number => made.filter((each) => each.kind === kind).length;
  const kinds = ['new', 'moved', 'renewed', 'unchanged'].filter((kind) => count(kind) > 0);
  streams.err(
    `${kinds.map((kind) => `${String(count(kind))} ${kind}`).join(', ')}. Publish, so that they can prove.\n`,
  );
  const waits = made.filter((each) => each.publishedFrom > 0);
  if (waits.length === 0) return;
  const last = new Date(Math.max(...waits.map((each) => each.publishedFrom)) * 1000).toISOString();
  streams.err(
    `${String(waits.length)} with a new commitment: only roots published after ${last} include it, because roots with their old commitment are valid until then.\n`,
  );
}
