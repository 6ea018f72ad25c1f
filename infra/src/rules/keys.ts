import { statementsOf, type SeenStatement } from './policies-of';
import { unless, type ResourceRule } from './rule';

const ATTESTATION = 'kms:RecipientAttestation:';
const IMAGE = `${ATTESTATION}ImageSha384`;
/** Actions that create or decrypt an enclave's ciphertext. */
const OPENING = ['kms:Decrypt', 'kms:GenerateDataKey'];
/**
 * Actions by which a principal could make the enclave use a data key that the principal knows, or grant that right. `kms:Encrypt` is absent:
 * operators need it, but only under the key for their secrets.
 */
const NEVER = [
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:ReEncrypt*',
  'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:CreateGrant',
  'kms:ReplicateKey',
  'kms:ImportKeyMaterial',
];

/** Returns each value of a statement's conditions on attestation. */
const attested = ({
  sid,
  conditions,
}: SeenStatement): { sid: string; operator: string; key: string; value: string }[] =>
  Object.entries(conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).flatMap(([key, values]) =>
      key.startsWith(ATTESTATION) && !/^Null/i.test(operator)
        ? values.map((value) => ({ sid, operator, key, value }))
        : [],
    ),
  );

/** Whether a statement denies all requests without attestation, and has no other condition. */
const isDenialWithoutAttestation = ({ allows, principals, conditions }: SeenStatement): boolean =>
  !allows &&
  principals.includes('*') &&
  Object.keys(conditions).length === 1 &&
  Object.keys(conditions.Null ?? {}).length === 1 &&
  conditions.Null?.[IMAGE]?.[0] === 'true';

export const attestedKeys: ResourceRule = {
  name: 'attested-keys',
  description:
    'Keys open only for attested enclaves: no measurement is all zeros or a pattern, requests without attestation are denied, and no other right creates ciphertext for an enclave.',
  check(resource) {
    const statements = statementsOf(resource);
    // Check the policies of roles too, because their conditions matter as much as the key's.
    const measurements = statements
      .flatMap(attested)
      .flatMap(({ sid, operator, key, value }) => [
        ...unless(!/^0+$/.test(value), `${sid}: ${key} is all zero: an enclave in debug mode`),
        ...unless(
          !/Like/i.test(operator) && /^[0-9a-f]{96}$/i.test(value),
          `${sid}: ${key} is no measurement, or compared as a pattern`,
        ),
      ]);
    if (resource.type !== 'aws:kms/key:Key') return measurements;
    // Ignore statements for AWS's services (alarms), which have no enclave.
    const forPeople = statements.filter(({ allows, services }) => allows && services.length === 0);
    const opened = OPENING.filter((action) =>
      forPeople.some(({ actions }) =>
        actions.some((each) => each === action || each === 'kms:*' || each === '*' || each === `${action}*`),
      ),
    );
    const guards = statements.some((statement) => attested(statement).length > 0) || opened.length > 0;
    return [
      ...measurements,
      ...opened.flatMap((action) =>
        unless(
          statements.some((statement) => isDenialWithoutAttestation(statement) && statement.actions.includes(action)),
          `${action} is not denied to everyone who brings no attestation`,
        ),
      ),
      ...(guards
        ? NEVER.filter((action) => forPeople.some(({ actions }) => actions.includes(action))).map(
            (action) => `${action} is allowed`,
          )
        : []),
      ...forPeople
        .filter(
          ({ actions, conditions }) =>
            actions.some((action) => OPENING.includes(action)) &&
            !Object.values(conditions).some((keys) => keys[IMAGE] !== undefined),
        )
        .map(({ sid }) => `${sid} allows decryption without a condition on the image`),
    ];
  },
};
