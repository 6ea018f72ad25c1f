import type { Mappings } from '../mapping';

/** Buckets, their objects, and the registry of container images. */
export const storage: Mappings = {
  'aws:s3/bucket:Bucket': {
    call: 's3:CreateBucket',
    source: 's3/bucket.go',
    own: { forceDestroy: 'how the provider deletes' },
    tags: 'PutBucketTagging/Tagging.TagSet',
    sends: { 'PutBucketTagging/Bucket': 'name' },
  },
  'aws:s3/bucketObjectv2:BucketObjectv2': {
    call: 's3:PutObject',
    source: 's3/object.go',
    own: {
      source: 'the content: a file',
      contentBase64: 'the content',
    },
    tags: 'PutObjectTagging/Tagging.TagSet',
    sends: { 'PutObjectTagging/Bucket': 'name', 'PutObjectTagging/Key': 'key' },
  },
  'aws:s3/bucketPolicy:BucketPolicy': { call: 's3:PutBucketPolicy', source: 's3/bucket_policy.go' },
  'aws:s3/bucketVersioning:BucketVersioning': { call: 's3:PutBucketVersioning', source: 's3/bucket_versioning.go' },
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': {
    call: 's3:PutPublicAccessBlock',
    source: 's3/bucket_public_access_block.go',
    base: 'PublicAccessBlockConfiguration',
    members: { bucket: 'Bucket' },
  },
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': {
    call: 's3:PutBucketOwnershipControls',
    source: 's3/bucket_ownership_controls.go',
    members: { rule: 'OwnershipControls.Rules[0]' },
  },
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': {
    call: 's3:PutBucketEncryption',
    source: 's3/bucket_server_side_encryption_configuration.go',
    members: { rules: 'ServerSideEncryptionConfiguration.Rules' },
  },
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': {
    call: 's3:PutBucketLifecycleConfiguration',
    source: 's3/bucket_lifecycle_configuration.go',
    members: { rules: 'LifecycleConfiguration.Rules' },
  },
  'aws:ecr/repository:Repository': {
    call: 'ecr:CreateRepository',
    source: 'ecr/repository.go',
    members: {
      name: 'repositoryName',
      'encryptionConfigurations[].encryptionType': 'encryptionConfiguration.encryptionType',
    },
    own: { forceDelete: 'how the provider deletes' },
    tags: 'tags',
  },
  'aws:ecr/lifecyclePolicy:LifecyclePolicy': {
    call: 'ecr:PutLifecyclePolicy',
    source: 'ecr/lifecycle_policy.go',
    members: { repository: 'repositoryName', policy: 'lifecyclePolicyText' },
  },
};
