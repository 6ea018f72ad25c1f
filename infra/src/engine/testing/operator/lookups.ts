import { MOCK_ACCOUNT, MockAws } from '../../../mock-aws';
import type { Thing } from '../../aws/world';
import { arnOf } from '../../aws/resource-ids';
import { AwsError, UsageError, type AwsCommand } from './aws-command';
import { hasTag, tagFilter } from './volumes';

const ADDRESS = 'aws:ec2/eip:Eip';
const CERTIFICATE = 'aws:acm/certificate:Certificate';
const SECRET = 'aws:secretsmanager/secret:Secret';
const VERSION = 'aws:secretsmanager/secretVersion:SecretVersion';

const tagsOf = ({ inputs }: Thing): { Key: string; Value: unknown }[] =>
  Object.entries((inputs['tags'] ?? {}) as Record<string, unknown>).map(([Key, Value]) => ({ Key, Value }));

/** Stand-ins for the aws commands that `ops import-file` (infra/src/import-file) and docs/operator/rollback.md run to find resources. */
export const LOOKUPS: Readonly<Record<string, AwsCommand>> = {
  'sts get-caller-identity': { options: {}, run: () => ({ Account: MOCK_ACCOUNT }) },
  'resourcegroupstaggingapi get-resources': {
    options: { 'tag-filters': 'many' },
    run(given, { world }, region) {
      const filters = given.many('tag-filters').map((text): readonly [string, string] => {
        const [, key, value] = /^Key=([^,]+),Values=([^,]+)$/.exec(text) ?? [];
        if (key === undefined || value === undefined) throw new UsageError(`Error parsing '--tag-filters': ${text}`);
        return [key, value];
      });
      const found = world.all
        .filter(({ deleted, inputs }) => deleted !== true && filters.every((each) => hasTag(inputs['tags'], each)))
        .flatMap((thing) => {
          const arn = arnOf(thing, region);
          return arn === undefined ? [] : [{ ResourceARN: arn, Tags: tagsOf(thing) }];
        });
      return { ResourceTagMappingList: found };
    },
  },
  // Names no instance, because `World` does not record which instance has an address.
  'ec2 describe-addresses': {
    options: { filters: 'many' },
    run(given, { world }) {
      const filters = given.many('filters').map(tagFilter);
      const found = world.ofType(ADDRESS).filter(({ inputs }) => filters.every((each) => hasTag(inputs['tags'], each)));
      return { Addresses: found.map(({ id, outputs }) => ({ AllocationId: id, PublicIp: outputs['publicIp'] })) };
    },
  },
  'secretsmanager describe-secret': {
    options: { 'secret-id': 'one' },
    run(given, { world }) {
      const secret = world.find(SECRET, given.one('secret-id'));
      if (secret === undefined) throw new AwsError('ResourceNotFoundException: Secrets Manager can’t find the secret.');
      const versions = world.ofType(VERSION).filter(({ inputs }) => inputs['secretId'] === secret.id);
      const stages = versions.map(({ id }) => [id.split('|')[1], ['AWSCURRENT']]);
      return { ARN: secret.id, VersionIdsToStages: Object.fromEntries(stages) as Record<string, string[]> };
    },
  },
  'route53 list-hosted-zones-by-name': {
    options: { 'dns-name': 'one' },
    run(given, _account, region) {
      const name = given.one('dns-name');
      const { zoneId } = new MockAws(region).call({ token: 'aws:route53/getZone:getZone', inputs: { name } });
      return {
        HostedZones: [{ Id: `/hostedzone/${String(zoneId)}`, Name: `${name}.`, Config: { PrivateZone: false } }],
      };
    },
  },
  'acm describe-certificate': {
    options: { 'certificate-arn': 'one' },
    run(given, { world }) {
      const certificate = world.find(CERTIFICATE, given.one('certificate-arn'));
      if (certificate === undefined) throw new AwsError('ResourceNotFoundException: Could not find certificate');
      const options = certificate.outputs['domainValidationOptions'] as {
        resourceRecordName: string;
        resourceRecordType: string;
      }[];
      return {
        Certificate: {
          DomainValidationOptions: options.map(({ resourceRecordName: Name, resourceRecordType: Type }) => ({
            ResourceRecord: { Name, Type },
          })),
        },
      };
    },
  },
  'cloudfront list-origin-access-controls': {
    options: {},
    run: (_given, { world }) => ({
      OriginAccessControlList: {
        Items: world
          .ofType('aws:cloudfront/originAccessControl:OriginAccessControl')
          .map(({ id, inputs }) => ({ Id: id, Name: inputs['name'] })),
      },
    }),
  },
  'cloudfront list-response-headers-policies': {
    options: { type: 'one' },
    run: (_given, { world }) => ({
      ResponseHeadersPolicyList: {
        Items: world.ofType('aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy').map(({ id, inputs }) => ({
          ResponseHeadersPolicy: { Id: id, ResponseHeadersPolicyConfig: { Name: inputs['name'] } },
        })),
      },
    }),
  },
  'sns list-subscriptions-by-topic': {
    options: { 'topic-arn': 'one' },
    run: (given, { world }) => ({
      Subscriptions: world
        .ofType('aws:sns/topicSubscription:TopicSubscription')
        .filter(({ inputs }) => inputs['topic'] === given.one('topic-arn'))
        .map(({ id, inputs }) => ({ SubscriptionArn: id, Endpoint: inputs['endpoint'] })),
    }),
  },
};
