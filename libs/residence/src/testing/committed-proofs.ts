import {
  decodeSealedMessage,
  fromBase64,
  type CongressMessage,
  type ProvenEnvelope,
  fromHex,
  type SealedMessage,
} from '@communique-tee/protocol';
import { VERIFICATION_KEY_SHA256 } from '../circuit-identity';
import type { Field } from '../field';
import type { PublicInputs } from '../statement';
import stored from './committed-proofs.json';
import { rootNote } from './people';
import { computePlanned, PLANNED_PROOFS, type PlannedProof } from './planned-proofs';

/** A real proof of the committed circuit, with all its inputs. */
export interface CommittedProof extends PlannedProof {
  publicInputs: PublicInputs;
  /** The length is `PROOF_BYTES`. */
  proof: Uint8Array;
  /** The 32 bytes that a client sends to read the status. */
  statusSecret: Uint8Array;
  statusSha256: Uint8Array;
  /** The sealed message's form 1 bytes. */
  sealedBytes: Uint8Array;
  sealed: SealedMessage;
  /** The sealed content. */
  content: CongressMessage;
  /** The values that open the claim, as an honest client seals them. */
  opening: { district: string; delivery: Field; blinding: Field };
  rootNote: string;
  /** The form 2 envelope that the client posts. */
  envelope: ProvenEnvelope;
}

/** The stored form. `npm run lab -- residence-proofs` writes it. */
export interface StoredProof {
  name: string;
  /** Base64 of the sealed message's form 1 bytes. Absent if another proof has the same message. */
  sealed?: string;
  /** Base64. */
  proof: string;
}

const computed = new Map<string, CommittedProof>();

/** Returns all committed proofs in the order of the plan. The first call takes about a second; for a few proofs use `committedProof`. */
export function committedProofs(): CommittedProof[] {
  return PLANNED_PROOFS.map(({ name }) => committedProof(name));
}

/** @param name one of planned-proofs.ts, such as `ada roads` */
export function committedProof(name: string): CommittedProof {
  const planned = PLANNED_PROOFS.find((each) => each.name === name);
  if (planned === undefined) throw new RangeError(`no committed proof "${name}"`);
  const proof = computed.get(name) ?? committed(planned);
  computed.set(name, proof);
  return proof;
}

function committed(planned: PlannedProof): CommittedProof {
  const { statusSecret, statusSha256, content, witness } = computePlanned(planned);
  const sealedBytes = fromBase64(storedProof(planned.messageName).sealed ?? '');
  const sealed = decodeSealedMessage(sealedBytes);
  const proof = fromBase64(storedProof(planned.name).proof);
  const { publicInputs, opening } = witness(sealedBytes);
  const note = rootNote(planned.tree);
  const verificationKeySha256 = fromHex(VERIFICATION_KEY_SHA256);
  const residence = { verificationKeySha256, statusSha256, rootNote: note, claim: publicInputs.claim, proof };
  return {
    ...planned,
    ...{ publicInputs, proof, statusSecret, statusSha256, sealedBytes, sealed, content, opening },
    rootNote: note,
    envelope: { sealed, residence },
  };
}

function storedProof(name: string): StoredProof {
  const found = (stored as StoredProof[]).find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`no committed proof "${name}": npm run lab -- residence-proofs`);
  return found;
}
