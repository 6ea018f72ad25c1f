import { EMPTY_LEAF, MerkleTree } from '../merkle-tree';
import { signCampaignNote, signRootNote, type Window } from '../notes';
import { registrationToJson, type RegistrationJson } from '../registration';
import { commitmentOf, leafOf } from '../statement';
import { listFilesOf } from './list-server';
import { TEST_MAX_CAMPAIGN_DAYS, TEST_REGISTRAR } from './from-text';
import type { Person } from './people';

const [signingKey] = TEST_REGISTRAR.signingKeys;

/** Returns the files, by path, that the test registrar publishes of these people, for {@link ListServer}. */
export function listOf(people: readonly Person[], window: Window): Map<string, Uint8Array> {
  const places = Math.max(...people.map(({ index }) => index)) + 1;
  const leaves = Array.from({ length: places }, () => EMPTY_LEAF);
  for (const person of people) leaves[person.index] = leafOf({ commitment: commitmentOf(person.secret), ...person });
  const tree = MerkleTree.of(leaves);
  const note = { registrar: TEST_REGISTRAR.id, root: tree.root, ...window, places };
  return listFilesOf(tree, signRootNote(note, signingKey));
}

/** Returns the test registrar's note about a campaign. */
export function campaignNoteOf(campaign: string, window: Window): string {
  return signCampaignNote({ registrar: TEST_REGISTRAR.id, campaign, ...window }, TEST_MAX_CAMPAIGN_DAYS, signingKey);
}

/** Returns the registration that the test registrar gives to this person. */
export function registrationOf({ district, salt, index }: Person): RegistrationJson {
  return registrationToJson({ registrar: TEST_REGISTRAR.id, district, salt, index });
}
