import { AwsError, UsageError, type AwsCommand } from './aws-command';

/** Pulumi makes no snapshots. A test adds them, in place of AWS's Data Lifecycle Manager, with the inputs volumeId, size and tags. */
export const SNAPSHOT = 'aws:ebs/snapshot:Snapshot';
const VOLUME = 'aws:ebs/volume:Volume';

/** Reads a filter `Name=tag:<key>,Values=<value>`. */
export function tagFilter(text: string): readonly [key: string, value: string] {
  const [, key, value] = /^Name=tag:([^,]+),Values=(.+)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new UsageError(`Error parsing parameter '--filters': ${text}`);
  return [key, value];
}

export const hasTag = (tags: unknown, [key, value]: readonly [string, string]): boolean =>
  typeof tags === 'object' && tags !== null && (tags as Record<string, unknown>)[key] === value;

/** Reads the tags in `ResourceType=volume,Tags=[{Key=Name,Value=…},…]`. */
function tagsOf(text: string): Record<string, string> {
  const [, list] = /^ResourceType=volume,Tags=\[(.*)\]$/.exec(text) ?? [];
  if (list === undefined) throw new UsageError(`Error parsing parameter '--tag-specifications': ${text}`);
  return Object.fromEntries(
    [...list.matchAll(/\{Key=([^,}]+),Value=([^,}]*)\}/g)].map(([, key = '', value = '']) => [key, value]),
  );
}

export const VOLUMES: Readonly<Record<string, AwsCommand>> = {
  'ec2 describe-snapshots': {
    options: { 'owner-ids': 'many', filters: 'many' },
    run(given, { world }) {
      const filters = given.many('filters').map(tagFilter);
      const found = world
        .ofType(SNAPSHOT)
        .filter(({ inputs }) => filters.every((each) => hasTag(inputs['tags'], each)));
      return {
        Snapshots: found.map(({ id, inputs }) => ({
          SnapshotId: id,
          VolumeId: inputs['volumeId'],
          State: 'completed',
        })),
      };
    },
  },
  'ec2 create-volume': {
    options: {
      'snapshot-id': 'one',
      'availability-zone': 'one',
      'volume-type': 'one',
      encrypted: 'flag',
      'tag-specifications': 'many',
    },
    run(given, account, region) {
      const snapshot = account.world.find(SNAPSHOT, given.one('snapshot-id'));
      if (snapshot === undefined) throw new AwsError(`InvalidSnapshot.NotFound: ${given.one('snapshot-id')}`);
      const tags = Object.assign({}, ...given.many('tag-specifications').map(tagsOf)) as Record<string, string>;
      const { id } = account.create(region, VOLUME, tags['Name'] ?? 'unnamed', {
        availabilityZone: given.one('availability-zone'),
        size: snapshot.inputs['size'],
        type: given.one('volume-type'),
        encrypted: given.has('encrypted'),
        snapshotId: snapshot.id,
        tags,
      });
      return { VolumeId: id };
    },
  },
};
