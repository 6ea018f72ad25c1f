import { statementsOf } from './policies-of';
import { isTrue, listOf, recordOf, unless, type ResourceRule, type RuleResource, type StackRule } from './rule';

const BUCKETS = ['aws:s3/bucket:Bucket', 'aws:s3/bucketV2:BucketV2'];
const BLOCKS = ['blockPublicAcls', 'blockPublicPolicy', 'ignorePublicAcls', 'restrictPublicBuckets'];

export const noPublicBucket: ResourceRule = {
  name: 'no-public-bucket',
  description: 'No bucket is public: no ACL, every block on, no policy that allows everyone.',
  check(resource) {
    const { type, props } = resource;
    if (/^aws:s3\/bucketAcl/.test(type)) return ['is an ACL, and the account must own every object'];
    if (BUCKETS.includes(type))
      return unless(props.acl === undefined && props.grants === undefined, 'has an ACL of its own');
    if (/^aws:s3\/bucketPublicAccessBlock:/.test(type))
      return BLOCKS.flatMap((block) => unless(isTrue(props[block]), `${block} is off`));
    if (/^aws:s3\/bucketOwnershipControls:/.test(type))
      return unless(
        recordOf(props.rule).objectOwnership === 'BucketOwnerEnforced',
        'objects have ACLs (objectOwnership is not BucketOwnerEnforced)',
      );
    if (/^aws:s3\/bucketPolicy:/.test(type))
      return statementsOf(resource).flatMap(({ allows, principals, sid }) =>
        unless(!(allows && principals.includes('*')), `${sid} allows everyone`),
      );
    return [];
  },
};

/** The resources that each bucket needs, by type, with a check of each. */
const BESIDE: readonly [string, RegExp, (resource: RuleResource) => boolean][] = [
  ['a public access block', /^aws:s3\/bucketPublicAccessBlock:/, () => true],
  ['ownership controls', /^aws:s3\/bucketOwnershipControls:/, () => true],
  [
    'versioning',
    /^aws:s3\/bucketVersioning/,
    ({ props }) => recordOf(props.versioningConfiguration).status === 'Enabled',
  ],
  ['encryption', /^aws:s3\/bucketServerSideEncryptionConfiguration/, ({ props }) => listOf(props.rules).length > 0],
  [
    'a policy that denies requests without TLS',
    /^aws:s3\/bucketPolicy:/,
    (resource) =>
      statementsOf(resource).some(
        ({ allows, principals, conditions }) =>
          !allows && principals.includes('*') && conditions.Bool?.['aws:SecureTransport']?.[0] === 'false',
      ),
  ],
];

export const bucketsClosed: StackRule = {
  name: 'buckets-closed',
  description:
    'Each bucket has a public access block, ownership controls, versioning, encryption, and a policy that denies requests without TLS.',
  checkStack: (resources) =>
    resources
      .filter(({ type }) => BUCKETS.includes(type))
      .flatMap(({ name, props }) =>
        BESIDE.flatMap(([what, type, holds]) =>
          unless(
            resources.some((beside) => type.test(beside.type) && beside.props.bucket === props.bucket && holds(beside)),
            `${name} has no ${what.replace(/^a /, '')}`,
          ),
        ),
      ),
};
