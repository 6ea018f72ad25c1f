import {
  chambersWithoutDeduplication,
  sharedChambersWithoutDeduplication,
  recognizingChambers,
  type EnclaveKey,
} from '@communique-tee/client';
import { CHAMBERS } from '@communique-tee/protocol';
import type { Context } from './command';
import { Failure } from './failure';
import type { StoredMessage } from './kept-messages';

export interface AcceptDuplicateOption {
  readonly acceptDuplicate?: boolean;
}

/**
 * Asks the person to agree if a lying gateway could make an office get the message twice.
 * @param before the same message, sealed earlier to another key. If it is proven, the person is always asked
 * @throws Failure `duplicate_not_accepted`; nothing was sent
 */
export async function acceptDuplicates(
  offices: readonly string[],
  key: Pick<EnclaveKey, 'custody' | 'configuration'>,
  before: Pick<StoredMessage, 'recognizing' | 'prepared'> | undefined,
  { acceptDuplicate = false }: AcceptDuplicateOption,
  { confirm }: Pick<Context, 'confirm'>,
): Promise<void> {
  const chambers =
    before === undefined
      ? sharedChambersWithoutDeduplication(offices, key)
      : chambersWithoutDeduplication(offices, [before.recognizing, recognizingChambers(key)]);
  const provesAgain = before?.prepared.proven !== undefined;
  if ((chambers.length === 0 && !provesAgain) || acceptDuplicate) return;
  const why =
    chambers.length === 0
      ? 'if the gateway gave the message to an enclave, it refuses a second one (already_sent)'
      : `the ${chambers.map((chamber) => CHAMBERS[chamber].name).join(' and the ')} may not recognize a repeated message`;
  const risk =
    before === undefined
      ? `An office may get this message twice: several enclaves can open it, and ${why}.`
      : `It may already have been delivered: only the gateway says that it was not, and ${why}.`;
  if ((await confirm?.(`${risk} Send${before === undefined ? '' : ' again'}?`)) === true) return;
  throw new Failure(
    'duplicate_not_accepted',
    `${risk} To send it${before === undefined ? '' : ' again'} nevertheless, add --accept-duplicate`,
  );
}
