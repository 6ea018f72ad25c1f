// Plans the statement and the message of each proof that is committed to Git for tests. Other code seals and proves by this plan.
import {
  houseOffice,
  isState,
  senateOffices,
  type CongressMessage,
  type SealedHeader,
  DEFAULT_SUITE,
} from '@communique-tee/protocol';
import { parseDistrict } from '../district';
import { messageInput } from '../statement';
import { witnessOf, type Witness } from '../witness';
import { sha256 } from '@noble/hashes/sha2.js';
import {
  bytesFromText,
  fieldFromText,
  RETIRED_ENCLAVE_KEY,
  TEST_ENCLAVE_KEY,
  TEST_NOW_SECONDS,
  TEST_REGISTRAR,
  type TestEnclaveKey,
} from './from-text';
import {
  campaignNote,
  KIM,
  KIM_MOVED,
  LEE,
  MAX,
  TEN,
  testTree,
  type CampaignName,
  type Person,
  type TreeName,
} from './people';

export interface PlannedProof {
  name: string;
  person: Person;
  tree: TreeName;
  campaign: CampaignName;
  /** Names the sealed message. Proofs of one message share its sealed bytes, status secret and blinding. */
  messageName: string;
  /** Whether the enclave delivers the message, if it has the key. */
  isHonest: boolean;
  enclaveKey: TestEnclaveKey;
  /** Turns the honest content into the content to seal. */
  change: (honest: CongressMessage) => CongressMessage;
}

type Change = Partial<Omit<PlannedProof, 'name' | 'person'>>;

function plan(name: string, person: Person, campaign: CampaignName, change: Change = {}): PlannedProof {
  return {
    name,
    person,
    campaign,
    tree: 'before',
    messageName: name,
    isHonest: change.change === undefined,
    enclaveKey: TEST_ENCLAVE_KEY,
    change: (honest) => honest,
    ...change,
  };
}

const [ada, , , dee, , , , , , jon] = TEN;

/** Plans a message of a dishonest sender. The proof is valid, but the sealed content contradicts it, which only the enclave can see. */
const dishonest = (name: string, person: Person, change: PlannedProof['change'], campaign: CampaignName = 'roads') =>
  plan(name, person, campaign, { change });

/** Replaces values that open the claim. */
const opening =
  (change: (opening: NonNullable<CongressMessage['proof']>) => Partial<NonNullable<CongressMessage['proof']>>) =>
  (honest: CongressMessage): CongressMessage =>
    honest.proof === null ? honest : { ...honest, proof: { ...honest.proof, ...change(honest.proof) } };

export const PLANNED_PROOFS: readonly PlannedProof[] = [
  ...(['roads', 'schools'] as const).flatMap((campaign) =>
    TEN.map((person) => plan(`${person.name} ${campaign}`, person, campaign)),
  ),
  // The first message (`ada roads`) again, under the same root and under the next root
  plan('ada roads, proven again', ada, 'roads', { messageName: 'ada roads' }),
  plan('ada roads, proven under the next root', ada, 'roads', { messageName: 'ada roads', tree: 'after' }),
  plan('ada roads, another message', ada, 'roads'),
  plan('kim roads', KIM, 'roads'),
  plan('kim roads, after the move', KIM_MOVED, 'roads', { tree: 'after' }),
  // Max is in the tree `before`, and is revoked in the tree `after`
  plan('max roads', MAX, 'roads'),
  plan('lee roads, of the Congress that ended', LEE, 'roads', { isHonest: false }),
  plan('ada roads, to a retired key', ada, 'roads', { enclaveKey: RETIRED_ENCLAVE_KEY }),
  dishonest(
    'jon roads, opened as another district',
    jon,
    opening(() => ({ district: '120-CA-13' })),
  ),
  dishonest(
    'jon roads, opened with another delivery',
    jon,
    opening(() => ({ delivery: new Uint8Array(fieldFromText('other')) })),
  ),
  dishonest(
    'jon roads, opened with another blinding',
    jon,
    opening(() => ({ blinding: new Uint8Array(fieldFromText('other')) })),
  ),
  dishonest('jon roads, opened as another campaign', jon, (honest) => ({
    ...opening(() => ({ campaign: campaignNote('schools') }))(honest),
    campaignId: 'schools',
  })),
  dishonest('jon roads, with another campaign id', jon, (honest) => ({ ...honest, campaignId: 'schools' })),
  dishonest('jon roads, not opened', jon, (honest) => ({ ...honest, proof: null })),
  dishonest('jon ended', jon, (honest) => honest, 'ended'),
  dishonest('jon endless', jon, (honest) => honest, 'endless'),
  dishonest('jon foreign', jon, (honest) => honest, 'foreign'),
  dishonest('ada roads, to the other district', ada, (honest) => ({ ...honest, offices: ['HMT02'] })),
  dishonest('ada roads, to another state', ada, (honest) => ({
    ...honest,
    offices: ['HCA12', 'SCA01'],
    constituent: { ...honest.constituent, state: 'CA' },
  })),
  dishonest('dee roads, to a senator', dee, (honest) => ({
    ...honest,
    offices: ['SNY01'],
    constituent: { ...honest.constituent, state: 'NY' },
  })),
];

export interface Planned {
  header: SealedHeader;
  content: CongressMessage;
  statusSecret: Uint8Array;
  statusSha256: Uint8Array;
  /** @param sealed form 1 bytes */
  witness(sealed: Uint8Array): Witness;
}

/** Six hours after {@link TEST_NOW_SECONDS}. */
export const EXPIRES_AT_SECONDS = TEST_NOW_SECONDS + 6 * 3600;

/** Computes what a client computes: the header and content to seal, and the witness for the sealed bytes. */
export function computePlanned({ person, tree, campaign, messageName, enclaveKey, change }: PlannedProof): Planned {
  const { secret, district, salt, index } = person;
  const { root, ...path } = { root: testTree(tree).root, siblings: testTree(tree).path(index) };
  const statusSecret = bytesFromText(`status secret of ${messageName}`);
  const statusSha256 = sha256(statusSecret);
  const witness = (sealed: Uint8Array): Witness =>
    witnessOf({
      secret,
      registration: { registrar: TEST_REGISTRAR.id, district, salt, index },
      siblings: path.siblings,
      root,
      campaign,
      blinding: fieldFromText(`blinding of ${messageName}`),
      message: messageInput(statusSha256, sealed),
    });
  const { publicInputs, opening: opens } = witness(new Uint8Array());
  const header: SealedHeader = {
    suite: DEFAULT_SUITE,
    keyId: enclaveKey.keyId,
    messageId: bytesFromText(`id of ${messageName}`).slice(0, 16),
    expiresAtSeconds: EXPIRES_AT_SECONDS,
    nullifier: publicInputs.nullifier,
  };
  const content = change({
    ...honestContent(person, messageName),
    campaignId: campaign,
    proof: {
      district: opens.district,
      delivery: new Uint8Array(opens.delivery),
      blinding: new Uint8Array(opens.blinding),
      campaign: campaignNote(campaign),
    },
  });
  return { header, content, statusSecret, statusSha256, witness };
}

/** Returns a message to every office of the person's district. */
function honestContent({ name, district }: Person, messageName: string): Omit<CongressMessage, 'campaignId' | 'proof'> {
  const { state, seat } = parseDistrict(district);
  if (!isState(state)) throw new TypeError('a made-up person lives in a state that exists');
  return {
    version: 1,
    deliverySecret: new Uint8Array(bytesFromText(`delivery secret of ${messageName}`)),
    offices: [houseOffice(state, seat), ...senateOffices(state)],
    constituent: {
      prefix: 'Mx.',
      firstName: name,
      lastName: 'Madeup',
      address1: '1 Example Street',
      city: 'Exampleton',
      state,
      zip: '00001',
      email: `${name}@example.org`,
    },
    message: { subject: 'A made-up message', body: `This is ${messageName}.`, topics: ['Energy'] },
  };
}
