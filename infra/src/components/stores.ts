import { SecurityGroupEgressRule } from '@pulumi/aws/vpc/securityGroupEgressRule.js';
import { SecurityGroupIngressRule } from '@pulumi/aws/vpc/securityGroupIngressRule.js';
import { type ComponentResourceOptions, type Input, output, type Output, type Resource } from '@pulumi/pulumi';
import type { Settings } from '../config/parse-settings';
import { CERTIFICATE_SECRET, nameOf, REDIS_TOKEN_SECRET, type Place } from '../names';
import { DataVolume } from './data-volume';
import { Database } from './database';
import { Part } from './part';
import { Redis } from './redis';
import { Secrets } from './secrets';

export interface StoresArgs {
  settings: Settings;
  place: Place;
  subnetIds: Input<string>[];
  zone: string;
  logs: Resource;
  databaseGroupId: Input<string> | undefined;
  redisGroupId: Input<string> | undefined;
}

const DATABASE_URL = 'gateway/database-url';

/** PostgreSQL and Redis as the configuration says, and the secrets of gateway and enclave. */
export class Stores extends Part {
  /** The ARNs of the secrets by path, `gateway/...` and `enclave/...`. */
  readonly secretArns: Readonly<Record<string, Output<string>>>;
  readonly database: Output<{ host: string; secretArn: string } | undefined>;
  readonly redisAddress: Output<{ host: string; secretArn: string } | undefined>;
  readonly dataVolumeId: Output<string | undefined>;
  readonly databaseIdentifier: string | undefined;
  readonly redis: { readonly identifier: string; readonly nodes: number } | undefined;

  constructor(
    name: string,
    { settings, place, subnetIds, zone, logs, databaseGroupId, redisGroupId }: StoresArgs,
    options: ComponentResourceOptions,
  ) {
    super('Stores', name, options);
    const { stack, production } = settings;
    const parent = { parent: this };
    const database =
      databaseGroupId === undefined
        ? undefined
        : new Database(
            nameOf(stack, 'database'),
            {
              subnetIds,
              securityGroupId: databaseGroupId,
              instanceClass: settings.databaseClass,
              storageGiB: settings.databaseStorageGiB,
              production,
              // For the name of the final snapshot. This id changes whenever the stack is made anew; the id of an adopted network would not.
              generation: databaseGroupId,
              logs,
            },
            parent,
          );
    const redis =
      redisGroupId === undefined || settings.redisAuthToken === undefined
        ? undefined
        : new Redis(
            nameOf(stack, 'redis'),
            {
              subnetIds,
              securityGroupId: redisGroupId,
              nodeType: settings.redisNodeType,
              authToken: settings.redisAuthToken,
              production,
              generation: redisGroupId,
            },
            parent,
          );
    const volume =
      settings.database === 'parent'
        ? new DataVolume(
            nameOf(stack, 'data'),
            { place, zone, sizeGiB: settings.dataVolumeGiB, snapshots: settings.dataSnapshots },
            parent,
          )
        : undefined;
    const secrets = new Secrets(
      nameOf(stack, 'secret'),
      {
        stack,
        production,
        known:
          redis && settings.redisAuthToken !== undefined
            ? {
                // Only the password, without Redis's address, so that a new address does not need a new version of the secret.
                [REDIS_TOKEN_SECRET]: {
                  description: 'Password of Redis, in REDIS_URL of the gateway',
                  value: settings.redisAuthToken,
                },
              }
            : {},
        byOperator: {
          ...(settings.database === 'external' &&
            settings.databaseUrlSecret === undefined && {
              [DATABASE_URL]: 'DATABASE_URL of the gateway, with sslmode=verify-full',
            }),
          ...(settings.redis === 'external' && { 'gateway/redis-url': 'REDIS_URL of the gateway, rediss://' }),
          ...Object.fromEntries(
            settings.enclaveSecrets.map((secret) => [
              `enclave/${secret}`,
              `For the enclave alone (${secret}): ciphertext under the operator's key`,
            ]),
          ),
        },
        byParent: {
          ...(settings.balancer === 'none' && {
            [CERTIFICATE_SECRET]: 'The certificate of nginx and its key, kept for the next parent',
          }),
        },
      },
      parent,
    );
    this.secretArns = {
      ...secrets.arns,
      ...(settings.database === 'external' &&
        settings.databaseUrlSecret !== undefined && { [DATABASE_URL]: output(settings.databaseUrlSecret) }),
    };
    this.database = output(database ? { host: database.host, secretArn: database.secretArn } : undefined);
    this.dataVolumeId = output(volume?.volumeId);
    this.databaseIdentifier = database?.identifier;
    this.redisAddress = output(redis && { host: redis.host, secretArn: secrets.arns[REDIS_TOKEN_SECRET] ?? '' });
    this.redis = redis && { identifier: redis.identifier, nodes: redis.nodes };
    this.registerOutputs({});
  }
}

export interface ExternalStoresArgs {
  parentSecurityGroupId: Input<string>;
  /** Ports of external PostgreSQL and Redis, whose addresses may be any. */
  ports: readonly number[];
  /** A database in an adopted network: parents may connect to its security group at these ports, and the group lets them in. */
  database?: { readonly securityGroupId: string; readonly ports: readonly number[] };
}

/** Allows connections to external stores. Their URLs demand TLS. */
export class ExternalStores extends Part {
  constructor(name: string, args: ExternalStoresArgs, options: ComponentResourceOptions) {
    super('ExternalStores', name, options);
    for (const port of new Set(args.ports)) {
      new SecurityGroupEgressRule(
        `${name}-${port}`,
        {
          securityGroupId: args.parentSecurityGroupId,
          cidrIpv4: '0.0.0.0/0',
          ipProtocol: 'tcp',
          fromPort: port,
          toPort: port,
          description: 'To a PostgreSQL or Redis kept elsewhere',
          tags: { Name: `${name}-${port}` },
        },
        this.child(),
      );
    }
    for (const port of args.database?.ports ?? []) {
      const rule = (part: string) => ({
        ipProtocol: 'tcp',
        fromPort: port,
        toPort: port,
        description: 'From the parent to the PostgreSQL of the operator',
        tags: { Name: `${name}-database-${part}-${port}` },
      });
      const [parent, database] = [args.parentSecurityGroupId, args.database?.securityGroupId ?? ''];
      new SecurityGroupEgressRule(
        `${name}-database-out-${port}`,
        { securityGroupId: parent, referencedSecurityGroupId: database, ...rule('out') },
        this.child(),
      );
      new SecurityGroupIngressRule(
        `${name}-database-in-${port}`,
        { securityGroupId: database, referencedSecurityGroupId: parent, ...rule('in') },
        this.child(),
      );
    }
    this.registerOutputs({});
  }
}
