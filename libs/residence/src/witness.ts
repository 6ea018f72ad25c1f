// The input from which the prover computes a proof.
import { districtToField } from './district';
import { ResidenceError } from './errors';
import { checkField, fieldToHex, type Field } from './field';
import { rootOfPath, TREE_DEPTH } from './merkle-tree';
import { claimOf, commitmentOf, deliveryOf, leafOf, nullifierOf, scopeOf, type PublicInputs } from './statement';

export interface WitnessInput {
  /** The person's secret. */
  secret: Field;
  /** What the registrar gave to the person. */
  registration: { registrar: string; district: string; salt: Field; index: number };
  /** The 20 siblings of the person's leaf, from the leaf upwards. */
  siblings: readonly Field[];
  /** The root of the signed root note. */
  root: Field;
  campaign: string;
  /** A new {@link randomField} for every proof. It hides campaign and district in `claim`. */
  blinding: Field;
  /** The value of {@link messageInput}. */
  message: Field;
}

/** The circuit's parameters by name, in the form that noir_js takes: numbers as `0x` and 64 hex digits. Secret. */
export interface CircuitInputs {
  secret: string;
  salt: string;
  district: string;
  /** The bits of the index. Bit n: whether the node of level n is the right child. */
  right: boolean[];
  siblings: string[];
  scope: string;
  blinding: string;
  root: string;
  nullifier: string;
  claim: string;
  message: string;
}

export interface Witness {
  /** Secret. Do not log it, and keep it only with the person's consent. */
  inputs: CircuitInputs;
  /** Goes to the gateway with the proof. */
  publicInputs: PublicInputs;
  /** The values that open the claim. They go into the sealed content. */
  opening: { district: string; delivery: Field; blinding: Field };
}

/**
 * Computes every value of the statement. Checks that the path leads to the root, because the prover would report an error only later.
 * @throws ResidenceError `ERR_RESIDENCE_OTHER_ROOT` if leaf and path do not lead to the root, and the codes of the single values
 */
export function witnessOf(input: WitnessInput): Witness {
  const { secret, registration, siblings, blinding, message } = input;
  const { registrar, district, salt, index } = registration;
  const scope = scopeOf(registrar, input.campaign);
  const delivery = deliveryOf(secret, scope);
  const leaf = leafOf({ commitment: commitmentOf(secret), district, salt });
  const root = rootOfPath(leaf, index, siblings);
  if (fieldToHex(root) !== fieldToHex(input.root))
    throw new ResidenceError('ERR_RESIDENCE_OTHER_ROOT', 'the path does not lead from this registration to the root');
  const publicInputs = {
    root,
    nullifier: nullifierOf(secret, scope),
    claim: claimOf({ scope, district, delivery, blinding }),
    message: checkField(message),
  };
  return {
    inputs: {
      secret: number(secret),
      salt: number(salt),
      district: number(districtToField(district)),
      right: Array.from({ length: TREE_DEPTH }, (_, level) => ((index >>> level) & 1) === 1),
      siblings: siblings.map(number),
      scope: number(scope),
      blinding: number(blinding),
      root: number(publicInputs.root),
      nullifier: number(publicInputs.nullifier),
      claim: number(publicInputs.claim),
      message: number(publicInputs.message),
    },
    publicInputs,
    opening: { district, delivery, blinding },
  };
}

function number(field: Field): string {
  return `0x${fieldToHex(field)}`;
}
