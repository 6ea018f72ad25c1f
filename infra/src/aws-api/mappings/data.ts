import type { Mappings } from '../mapping';

const ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf';

/** PostgreSQL, Redis, and the secrets. */
export const data: Mappings = {
  'aws:rds/instance:Instance': {
    call: 'rds:CreateDBInstance',
    source: 'rds/instance.go',
    members: {
      identifier: 'DBInstanceIdentifier',
      instanceClass: 'DBInstanceClass',
      username: 'MasterUsername',
      parameterGroupName: 'DBParameterGroupName',
      backupWindow: 'PreferredBackupWindow',
      maintenanceWindow: 'PreferredMaintenanceWindow',
      enabledCloudwatchLogsExports: 'EnableCloudwatchLogsExports',
      allowMajorVersionUpgrade: 'ModifyDBInstance/AllowMajorVersionUpgrade',
      applyImmediately: 'ModifyDBInstance/ApplyImmediately',
      skipFinalSnapshot: 'DeleteDBInstance/SkipFinalSnapshot',
      finalSnapshotIdentifier: 'DeleteDBInstance/FinalDBSnapshotIdentifier',
      deleteAutomatedBackups: 'DeleteDBInstance/DeleteAutomatedBackups',
    },
    tags: 'Tags',
    sends: { 'ModifyDBInstance/DBInstanceIdentifier': 'name', 'DeleteDBInstance/DBInstanceIdentifier': 'name' },
  },
  'aws:rds/parameterGroup:ParameterGroup': {
    call: 'rds:CreateDBParameterGroup',
    source: 'rds/parameter_group.go',
    members: {
      name: 'DBParameterGroupName',
      family: 'DBParameterGroupFamily',
      parameters: 'ModifyDBParameterGroup/Parameters',
      'parameters[].name': 'ModifyDBParameterGroup/Parameters[].ParameterName',
      'parameters[].value': 'ModifyDBParameterGroup/Parameters[].ParameterValue',
    },
    tags: 'Tags',
    sends: { 'ModifyDBParameterGroup/DBParameterGroupName': 'name' },
  },
  'aws:rds/subnetGroup:SubnetGroup': {
    call: 'rds:CreateDBSubnetGroup',
    source: 'rds/subnet_group.go',
    members: { name: 'DBSubnetGroupName', description: 'DBSubnetGroupDescription' },
    tags: 'Tags',
  },
  'aws:elasticache/replicationGroup:ReplicationGroup': {
    call: 'elasticache:CreateReplicationGroup',
    source: 'elasticache/replication_group.go',
    members: {
      description: 'ReplicationGroupDescription',
      nodeType: 'CacheNodeType',
      parameterGroupName: 'CacheParameterGroupName',
      subnetGroupName: 'CacheSubnetGroupName',
      maintenanceWindow: 'PreferredMaintenanceWindow',
      authTokenWo: 'AuthToken',
      authTokenUpdateStrategy: 'ModifyReplicationGroup/AuthTokenUpdateStrategy',
      applyImmediately: 'ModifyReplicationGroup/ApplyImmediately',
      finalSnapshotIdentifier: 'DeleteReplicationGroup/FinalSnapshotIdentifier',
    },
    own: { authTokenWoVersion: 'tells the provider that the token has changed' },
    tags: 'Tags',
    sends: { 'ModifyReplicationGroup/ReplicationGroupId': 'name', 'DeleteReplicationGroup/ReplicationGroupId': 'name' },
  },
  'aws:elasticache/parameterGroup:ParameterGroup': {
    call: 'elasticache:CreateCacheParameterGroup',
    source: 'elasticache/parameter_group.go',
    members: {
      name: 'CacheParameterGroupName',
      family: 'CacheParameterGroupFamily',
      parameters: 'ModifyCacheParameterGroup/ParameterNameValues',
      'parameters[].name': 'ModifyCacheParameterGroup/ParameterNameValues[].ParameterName',
      'parameters[].value': 'ModifyCacheParameterGroup/ParameterNameValues[].ParameterValue',
    },
    tags: 'Tags',
    sends: { 'ModifyCacheParameterGroup/CacheParameterGroupName': 'name' },
  },
  'aws:elasticache/subnetGroup:SubnetGroup': {
    call: 'elasticache:CreateCacheSubnetGroup',
    source: 'elasticache/subnet_group.go',
    members: { name: 'CacheSubnetGroupName', description: 'CacheSubnetGroupDescription' },
    tags: 'Tags',
  },
  'aws:secretsmanager/secret:Secret': {
    call: 'secretsmanager:CreateSecret',
    source: 'secretsmanager/secret.go',
    members: { recoveryWindowInDays: 'DeleteSecret/RecoveryWindowInDays' },
    tags: 'Tags',
    sends: { 'DeleteSecret/SecretId': ARN },
  },
  'aws:secretsmanager/secretVersion:SecretVersion': {
    call: 'secretsmanager:PutSecretValue',
    source: 'secretsmanager/secret_version.go',
    members: { secretStringWo: 'SecretString' },
    own: { secretStringWoVersion: 'tells the provider that the value has changed' },
  },
  'aws:secretsmanager/secretRotation:SecretRotation': {
    call: 'secretsmanager:RotateSecret',
    source: 'secretsmanager/secret_rotation.go',
  },
};
