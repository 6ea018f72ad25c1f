// Made-up people, two versions of the registrar's tree with their leaves, and the registrar's signed notes.
import type { Field } from '../field';
import { EMPTY_LEAF, MerkleTree } from '../merkle-tree';
import { signCampaignNote, signRootNote } from '../notes';
import { commitmentOf, leafOf } from '../statement';
import {
  FOREIGN_SIGNING_KEY,
  fieldFromText,
  TEST_MAX_CAMPAIGN_DAYS,
  TEST_NOW_SECONDS,
  TEST_REGISTRAR,
} from './from-text';

const HOUR = 3600;
const DAY = 24 * HOUR;
const [signingKey, nextSigningKey] = TEST_REGISTRAR.signingKeys;

export interface Person {
  name: string;
  secret: Field;
  district: string;
  index: number;
  salt: Field;
}

function person(name: string, district: string, index: number): Person {
  return { name, district, index, secret: fieldFromText(`secret of ${name}`), salt: fieldFromText(`salt of ${name}`) };
}

/** Ten people. Five of them have an unnumbered seat: one in an at-large state, and four in DC and the territories. */
export const TEN = [
  person('ada', '120-MT-01', 0),
  person('ben', '120-AK-00', 1),
  person('cam', '120-DC-00', 2),
  person('dee', '120-PR-00', 3),
  person('eli', '120-GU-00', 5),
  person('fay', '120-CA-52', 8),
  person('gus', '120-TX-38', 13),
  person('hal', '120-AS-00', 1023),
  person('ivy', '120-MT-01', 1024),
  person('jon', '120-CA-12', 1500),
] as const;

export const KIM = person('kim', '120-MT-01', 21);
/** Kim keeps the secret and the place in the tree, and gets another district and salt. */
export const KIM_MOVED: Person = { ...KIM, district: '120-MT-02', salt: fieldFromText('second salt of kim') };
/** Lee is registered in a district of the 119th Congress, which has ended. */
export const LEE = person('lee', '119-MT-02', 34);
/** Max is in the tree `before`, and is revoked in the tree `after`. */
export const MAX = person('max', '120-CA-12', 55);

/** The tree before and after two changes: kim moved, and max was revoked. */
export type TreeName = 'before' | 'after';

let trees: Record<TreeName, MerkleTree> | undefined;

/** The first call takes half a second. */
export function testTree(name: TreeName): MerkleTree {
  trees ??= { before: grown([...TEN, KIM, LEE, MAX], []), after: grown([...TEN, KIM_MOVED, LEE], [MAX]) };
  return trees[name];
}

function grown(people: readonly Person[], revoked: readonly Person[]): MerkleTree {
  const tree = MerkleTree.of([]);
  for (const { index, secret, district, salt } of people)
    tree.set(index, leafOf({ commitment: commitmentOf(secret), district, salt }));
  for (const { index } of revoked) tree.set(index, EMPTY_LEAF);
  return tree;
}

/** Returns a signed note about one of the trees. By default it began a day (`before`) or an hour (`after`) ago, and is valid for 14 days. */
export function rootNote(name: TreeName, change: Partial<{ notBefore: number; notAfter: number }> = {}): string {
  return signRootNote(rootOf(name, change), signingKey);
}

function rootOf(name: TreeName, change: Partial<{ notBefore: number; notAfter: number }> = {}) {
  const tree = testTree(name);
  const notBefore = change.notBefore ?? TEST_NOW_SECONDS - (name === 'before' ? DAY : HOUR);
  const notAfter = change.notAfter ?? notBefore + 14 * DAY;
  return { registrar: TEST_REGISTRAR.id, root: tree.root, notBefore, notAfter, places: tree.length };
}

/** Notes about the tree `before`, some of which a checker must refuse. */
export const rootNotes = {
  byNextKey: () => signRootNote(rootOf('before'), nextSigningKey),
  byBothKeys: () => signRootNote(rootOf('before'), signingKey, nextSigningKey),
  /** It ends in an hour, before the messages expire. */
  endsSoon: () => rootNote('before', { notAfter: TEST_NOW_SECONDS + HOUR }),
  /** It ends at the test's time. A note is no longer valid at its end. */
  ended: () => rootNote('before', { notBefore: TEST_NOW_SECONDS - 14 * DAY, notAfter: TEST_NOW_SECONDS }),
  /** It begins in 61 seconds. A checker's clock may be 60 seconds behind. */
  notYet: () => rootNote('before', { notBefore: TEST_NOW_SECONDS + 61 }),
  byForeignKey: () => signRootNote(rootOf('before'), FOREIGN_SIGNING_KEY),
};

export type CampaignName = 'roads' | 'schools' | 'ended' | 'endless' | 'foreign';

/** Returns the registrar's signed note of a campaign. A message contains it in its sealed content. */
export function campaignNote(name: CampaignName): string {
  const [from, to] =
    name === 'ended' ? [-30 * DAY, -DAY] : name === 'endless' ? [-DAY, 90 * DAY] : [-10 * DAY, 50 * DAY];
  const [notBefore, notAfter] = [TEST_NOW_SECONDS + from, TEST_NOW_SECONDS + to];
  const note = { registrar: TEST_REGISTRAR.id, campaign: name, notBefore, notAfter };
  const maxDays = TEST_MAX_CAMPAIGN_DAYS + (name === 'endless' ? 1 : 0);
  return signCampaignNote(note, maxDays, name === 'foreign' ? FOREIGN_SIGNING_KEY : signingKey);
}
