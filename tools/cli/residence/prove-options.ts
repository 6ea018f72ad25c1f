import type { ResidenceOptions, SendState } from '@communique-tee/client';
import type { Command } from 'commander';
import type { Context } from '../command';
import { usage } from '../failure';
import { readText } from '../files';
import { KeptMessages } from '../kept-messages';
import type { StateOption } from '../options';
import { IdentityFile } from './identity-file';
import { cannotProve, type OpenedProver } from './open-prover';

const MAX_NOTE_BYTES = 400;

export interface ProveOptions {
  readonly campaignNote?: string;
  readonly list?: string;
  readonly referenceString?: string;
}

export function proveOptions(command: Command): Command {
  return command
    .option(
      '--campaign-note <file>',
      "the registrar's signed note of the campaign, as its template has it (GET /api/templates)",
    )
    .option('--list <url>', "the address of the registrar's list (default: the address that the gateway names)")
    .option(
      '--reference-string <file>',
      'the reference string that proving needs, 262,208 bytes (default: the cache, else fetched once from a public host)',
    );
}

/** The inputs of a proof. The caller must close the prover. */
export interface ReadyToProve {
  readonly residence: ResidenceOptions;
  /** Prints the step, and stores what was read of the registrar's list. */
  readonly onState: (state: SendState) => void;
  readonly opened: OpenedProver;
}

/**
 * @param noteOfTemplate the template's campaign note, used if --campaign-note is absent; null if the template has none
 * @param resealed the id of the message, if it is sealed again
 * @throws Failure `not_registered`, `proving_unavailable`, `usage`, `state_broken`, `file_unreadable`
 */
export async function readyToProve(
  options: ProveOptions & StateOption,
  { environment, openProver, signal, err }: Context,
  noteOfTemplate?: string | null,
  resealed?: string,
): Promise<ReadyToProve> {
  if (openProver === undefined) throw cannotProve();
  const campaignNote =
    options.campaignNote === undefined ? (noteOfTemplate ?? undefined) : readText(options.campaignNote, MAX_NOTE_BYTES);
  if (campaignNote === undefined) throw usage("--campaign-note <file> is missing: the registrar's signed note");
  const file = new IdentityFile(options.state, environment);
  const identity = file.registered();
  const opened = await openProver({ referenceString: options.referenceString, signal });
  const { prover } = opened;
  return {
    opened,
    residence: {
      secret: identity.secret,
      registration: identity.registration,
      campaignNote,
      list: identity.list ?? undefined,
      files: options.list,
      prover: {
        ...prover,
        prepare: async (question) => {
          const prepared = await prover.prepare(question);
          const before = new KeptMessages(options.state, environment).acceptedWith(prepared.nullifier, resealed);
          if (before !== undefined)
            err(
              `  you sent ${before} in this campaign before: the gateway refuses a second one (already_sent), unless no office received the first\n`,
            );
          return prepared;
        },
      },
    },
    onState: (state) => {
      if (state.step === 'registry_read') file.update({ ...identity, list: state.list });
      const text = stepText(state);
      if (text !== undefined) err(`  ${text}\n`);
    },
  };
}

function stepText(state: SendState): string | undefined {
  if (state.step === 'fetching_registry') return "reading the registrar's list";
  if (state.step === 'proving' && state.phase === 'proving') return 'proving';
  if (state.step !== 'waiting') return undefined;
  const what =
    state.because === 'ERR_RESIDENCE_LIST_UPDATING' ? 'the list is being updated' : `not answered: ${state.because}`;
  return `${what}; again in ${String(Math.ceil(state.waitMs / 1000))} s`;
}
