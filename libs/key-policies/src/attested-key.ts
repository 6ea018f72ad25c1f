import { accountRoot, type Place } from './place';
import { policy, type PolicyDocument, type Statement } from './policy-document';

/** Whether a PCR is all zeros, as in debug mode. Such a PCR does not identify an image. */
export const isAllZero = (pcr: string): boolean => /^0*$/.test(pcr);

/** AWS's name for PCR0 (AWS KMS developer guide, "Condition keys for AWS KMS with AWS Nitro Enclaves"). */
const IMAGE = 'kms:RecipientAttestation:ImageSha384';

/**
 * The keys of the encryption context that enclaves and operators give to KMS. KMS binds the context to the ciphertext. The policies deny a
 * request whose purpose, stack or PCR0 differs or is absent: StringNotEquals also matches an absent key.
 */
export const CONTEXT = {
  purpose: 'communique-tee:purpose',
  stack: 'communique-tee:stack',
  /** PCR0 of the image that made an enclave key, 96 hexadecimal digits in lower case. */
  pcr0: 'communique-tee:pcr0',
  /** The name of an operator's secret, such as `cwc-house`. */
  secret: 'communique-tee:secret',
} as const;
export const PURPOSES = { enclaveKeys: 'enclave-keys', operatorSecret: 'operator-secret' } as const;
const ofContext = (key: keyof typeof CONTEXT): string => `kms:EncryptionContext:${CONTEXT[key]}`;
const contextOf = (purpose: string, stack: string): Record<string, string> => ({
  [ofContext('purpose')]: purpose,
  [ofContext('stack')]: stack,
});

/**
 * An image that may use a key. PCR0 covers kernel, command line and all ramdisks. The policy also requires the other PCRs that are given.
 */
export interface AcceptedImage {
  pcr0: string;
  pcr1?: string;
  pcr2?: string;
  pcr8?: string;
}

export interface AttestedKeyArgs {
  place: Place;
  /** The parent's role, whose credentials the enclave uses. */
  parentRoleArn: string;
  acceptedImages: readonly AcceptedImage[];
  /** ARNs of roles or users. Only they may change the policy or end the key. */
  administrators: readonly string[];
}

/**
 * Rights that the policies deny to everyone, except that operators may encrypt their secrets. With these rights, an attacker could give an
 * enclave the ciphertext of a data key that the attacker knows, or could let others do so.
 */
const NEVER = [
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext',
  'kms:CreateGrant',
  'kms:ReplicateKey',
  'kms:ImportKeyMaterial',
];

/**
 * Returns the policy of the KMS key that guards enclave keys. An attested enclave of an accepted image may call GenerateDataKey and
 * Decrypt, with its own PCR0 in the encryption context. So KMS never gives a key made by one image to another image, even
 * if both are accepted.
 * @throws Error if there is no administrator or no accepted image, or if a measurement is malformed or all zero
 */
export function enclaveKeyPolicy(args: AttestedKeyArgs): PolicyDocument {
  const { acceptedImages, parentRoleArn, place } = args;
  const context = contextOf(PURPOSES.enclaveKeys, place.stack);
  const uses = ['kms:Decrypt', 'kms:GenerateDataKey'];
  return policy(
    ...administration(args),
    ...checkedImages(acceptedImages).map((image, index) =>
      attested(`AttestedEnclave${index}`, parentRoleArn, uses, image, { ...context, [ofContext('pcr0')]: image.pcr0 }),
    ),
    deny('NobodyMakesCiphertext', NEVER),
    ...denyWithoutAttestation(uses, acceptedImages),
    ...denyOtherContext(uses, context),
    ...acceptedImages.map(({ pcr0 }, index): Statement => ({
      ...deny(`OnlyItsOwnKeys${index}`, uses),
      Condition: { StringEqualsIgnoreCase: { [IMAGE]: pcr0 }, StringNotEquals: { [ofContext('pcr0')]: pcr0 } },
    })),
  );
}

/**
 * Returns the policy of the KMS key for the operator's secrets. The named operators may only encrypt, and an attested enclave of an
 * accepted image may only decrypt.
 * @throws Error as {@link enclaveKeyPolicy}
 */
export function operatorKeyPolicy(args: AttestedKeyArgs & { operators: readonly string[] }): PolicyDocument {
  const { acceptedImages, parentRoleArn, operators, place } = args;
  const context = contextOf(PURPOSES.operatorSecret, place.stack);
  const named = { Null: { [ofContext('secret')]: 'false' } };
  return policy(
    ...administration(args),
    {
      Sid: 'OperatorsEncrypt',
      Effect: 'Allow',
      Principal: { AWS: accountRoot(place) },
      Action: ['kms:Encrypt'],
      Resource: '*',
      Condition: { ArnEquals: { 'aws:PrincipalArn': [...operators] }, StringEquals: context, ...named },
    },
    {
      Sid: 'OnlyOperatorsEncrypt',
      Effect: 'Deny',
      Principal: '*',
      Action: ['kms:Encrypt'],
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': [...operators] } },
    },
    ...checkedImages(acceptedImages).map((image, index) =>
      attested(`AttestedEnclave${index}`, parentRoleArn, ['kms:Decrypt'], image, context, named),
    ),
    deny('NobodyElse', [...NEVER.filter((action) => action !== 'kms:Encrypt'), 'kms:GenerateDataKey']),
    ...denyWithoutAttestation(['kms:Decrypt'], acceptedImages),
    ...denyOtherContext(['kms:Encrypt', 'kms:Decrypt'], context),
  );
}

function administration({ place, administrators }: AttestedKeyArgs): Statement[] {
  if (administrators.length === 0) throw new Error('a key needs an administrator');
  const [account, named] = [{ AWS: accountRoot(place) }, { 'aws:PrincipalArn': [...administrators] }];
  const changing = [
    'kms:EnableKeyRotation',
    'kms:UpdateAlias',
    'kms:DeleteAlias',
    'kms:CreateAlias',
    'kms:ScheduleKeyDeletion',
    'kms:CancelKeyDeletion',
    'kms:DisableKey',
    'kms:EnableKey',
    'kms:UpdateKeyDescription',
    'kms:TagResource',
    'kms:UntagResource',
  ];
  return [
    {
      Sid: 'AccountReads',
      Effect: 'Allow',
      Principal: account,
      Action: [
        'kms:DescribeKey',
        'kms:GetKeyPolicy',
        'kms:GetKeyRotationStatus',
        'kms:ListKeyPolicies',
        'kms:ListResourceTags',
        'kms:ListGrants',
      ],
      Resource: '*',
    },
    // KMS refuses a policy under which its author could not call PutKeyPolicy again (KMS API, CreateKey and PutKeyPolicy, "Policy"). AWS does
    // not document how KMS checks this. So this statement follows AWS's own example: it names principals and has no condition.
    {
      Sid: 'AdministratorsChange',
      Effect: 'Allow',
      Principal: { AWS: [...administrators] },
      Action: ['kms:PutKeyPolicy', ...changing],
      Resource: '*',
    },
    // If a principal is deleted and created again with the same name, AdministratorsChange no longer matches it. This statement does.
    {
      Sid: 'AdministratorsMadeAgain',
      Effect: 'Allow',
      Principal: account,
      Action: ['kms:PutKeyPolicy', ...changing],
      Resource: '*',
      Condition: { ArnEquals: named },
    },
    // This statement does not deny PutKeyPolicy: only this policy can allow it anyway, and a conditional denial could fail KMS's check.
    {
      Sid: 'OnlyAdministratorsChange',
      Effect: 'Deny',
      Principal: '*',
      Action: changing,
      Resource: '*',
      Condition: { ArnNotEquals: named },
    },
    {
      Sid: 'NobodyLocksItselfOut',
      Effect: 'Deny',
      Principal: '*',
      Action: ['kms:PutKeyPolicy'],
      Resource: '*',
      Condition: { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } },
    },
  ];
}

function attested(
  sid: string,
  role: string,
  actions: string[],
  image: AcceptedImage,
  context: Record<string, string>,
  more: Statement['Condition'] = {},
): Statement {
  const pcrs = Object.entries({ PCR0: image.pcr0, PCR1: image.pcr1, PCR2: image.pcr2, PCR8: image.pcr8 }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: { AWS: role },
    Action: actions,
    Resource: '*', // In a key policy, this means the key itself
    Condition: {
      StringEqualsIgnoreCase: {
        [IMAGE]: image.pcr0,
        ...Object.fromEntries(pcrs.map(([pcr, value]) => [`kms:RecipientAttestation:${pcr}`, String(value)])),
      },
      StringEquals: context,
      ...more,
    },
  };
}

const deny = (sid: string, actions: string[]): Statement => ({
  Sid: sid,
  Effect: 'Deny',
  Principal: '*',
  Action: actions,
  Resource: '*',
});

/** Denies the parent's own calls, which have no attestation document, even if a role's policy allows them. */
const denyWithoutAttestation = (actions: string[], images: readonly AcceptedImage[]): Statement[] => [
  { ...deny('NothingWithoutAttestation', actions), Condition: { Null: { [IMAGE]: 'true' } } },
  {
    ...deny('NoOtherImage', actions),
    Condition: { StringNotEqualsIgnoreCase: { [IMAGE]: images.map(({ pcr0 }) => pcr0) } },
  },
];

/** Returns one statement for each context key. One statement with all keys would deny only if all values differed. */
const denyOtherContext = (actions: string[], context: Readonly<Record<string, string>>): Statement[] =>
  Object.entries(context).map(([key, value], index) => ({
    ...deny(`NoOtherContext${index}`, actions),
    Condition: { StringNotEquals: { [key]: value } },
  }));

function checkedImages(images: readonly AcceptedImage[]): readonly AcceptedImage[] {
  if (images.length === 0) throw new Error('a key that accepts no image guards nothing');
  for (const image of images) {
    for (const [name, value] of Object.entries(image) as [string, string | undefined][]) {
      if (value !== undefined && (isAllZero(value) || !/^[0-9a-f]{96}$/.test(value)))
        throw new Error(`${name} of an accepted image is not a measurement, or all zero (debug mode)`);
    }
  }
  return images;
}

/** Returns the statement for the role's policy. It repeats the conditions of the key's policy on image, purpose and stack. */
export function attestedUse(
  sid: string,
  keyArn: string,
  actions: string[],
  images: readonly string[],
  purpose: string,
  stack: string,
): Statement {
  return {
    Sid: sid,
    Effect: 'Allow',
    Action: actions,
    Resource: keyArn,
    Condition: { StringEqualsIgnoreCase: { [IMAGE]: [...images] }, StringEquals: contextOf(purpose, stack) },
  };
}
