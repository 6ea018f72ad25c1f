import type { Mappings } from '../mapping';

/** Roles, and keys of KMS. */
export const rights: Mappings = {
  'aws:iam/role:Role': {
    call: 'iam:CreateRole',
    source: 'iam/role.go',
    members: { name: 'RoleName', assumeRolePolicy: 'AssumeRolePolicyDocument' },
    tags: 'Tags',
  },
  'aws:iam/rolePolicy:RolePolicy': {
    call: 'iam:PutRolePolicy',
    source: 'iam/role_policy.go',
    members: { name: 'PolicyName', role: 'RoleName', policy: 'PolicyDocument' },
  },
  'aws:iam/instanceProfile:InstanceProfile': {
    call: 'iam:CreateInstanceProfile',
    source: 'iam/instance_profile.go',
    members: { name: 'InstanceProfileName', role: 'AddRoleToInstanceProfile/RoleName' },
    tags: 'Tags',
    sends: { 'AddRoleToInstanceProfile/InstanceProfileName': 'name' },
  },
  'aws:kms/key:Key': {
    call: 'kms:CreateKey',
    source: 'kms/key.go',
    members: {
      customerMasterKeySpec: 'KeySpec',
      deletionWindowInDays: 'ScheduleKeyDeletion/PendingWindowInDays',
    },
    own: { enableKeyRotation: 'whether the provider calls EnableKeyRotation' },
    tags: 'Tags',
    sends: { 'ScheduleKeyDeletion/KeyId': 'id' },
  },
  'aws:kms/alias:Alias': {
    call: 'kms:CreateAlias',
    source: 'kms/alias.go',
    members: { name: 'AliasName' },
  },
};
