import { districtToField } from './district';
import { ResidenceError } from './errors';
import { checkField, fieldToHex, type Field } from './field';
import { rootOfPath, TREE_DEPTH } from './merkle-tree';
import { claimOf, commitmentOf, deliveryOf, leafOf, nullifierOf, scopeOf, type PublicInputs } from './statement';

export interface WitnessInput {
  /** The person's secret. */
  secret: Field;
  /** From the registrar. */
  registration: { registrar: string; district: string; salt: Field; index: number };
  /** The 20 siblings of the person's leaf, from the leaf upwards. */
  siblings: readonly Field[];
  /** The root of the signed root note. */
  root: Field;
  campaign: string;
  /** Call {@link randomField} for every proof. The value hides campaign and district in `claim`. */
  blinding: Field;
  /** From {@link messageInput}. */
  message: Field;
}

/** The circuit's parameters by name, as noir_js takes them: numbers are `0x` and 64 hex digits. Secret. */
export interface CircuitInputs {
  secret: string;
  salt: string;
  district: string;
  /** The bits of the index. Bit n is true if the node at level n is a right child. */
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
  /** Secret. Do not log them, and store them only with the person's consent. */
  inputs: CircuitInputs;
  /** Sent to the gateway with the proof. */
  publicInputs: PublicInputs;
  /** The values that open the claim. They go into the sealed content. */
  opening: { district: string; delivery: Field; blinding: Field };
}

/**
 * Computes every value of the statement.
 * @throws ResidenceError `ERR_RESIDENCE_OTHER_ROOT` if leaf and path do not lead to the root; another code for an invalid value
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
