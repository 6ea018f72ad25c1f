import { LifecyclePolicy } from '@pulumi/aws/dlm/lifecyclePolicy.js';
import { Volume } from '@pulumi/aws/ebs/volume.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import type { ComponentResourceOptions, Output } from '@pulumi/pulumi';
import { PROJECT, type Place } from '../names';
import { trust } from '@communique-tee/key-policies';
import { snapshotPolicy } from '../policies/service-roles';
import { Part } from './part';

export interface DataVolumeArgs {
  place: Place;
  zone: string;
  sizeGiB: number;
  /** The number of daily snapshots to keep. */
  snapshots: number;
}

/** In UTC; it is night on both coasts of the US. */
const SNAPSHOT_AT = '08:00';

/**
 * The disk of PostgreSQL on the parent. It outlives every instance, and the next instance attaches it. AWS makes a snapshot every day and
 * when the disk is deleted. PostgreSQL recovers from a snapshot as from a crash.
 */
export class DataVolume extends Part {
  readonly volumeId: Output<string>;

  constructor(name: string, { place, zone, sizeGiB, snapshots }: DataVolumeArgs, options: ComponentResourceOptions) {
    super('DataVolume', name, options);
    // The disks of instances do not have this tag, because they hold no data.
    const targetTags = { [`${PROJECT}:snapshots`]: place.stack };
    const volume = new Volume(
      name,
      {
        availabilityZone: zone,
        size: sizeGiB,
        type: 'gp3',
        encrypted: true,
        finalSnapshot: true,
        tags: { Name: name, ...targetTags },
      },
      this.child(),
    );
    this.volumeId = volume.id;

    const snapshotsName = `${name}-snapshots`;
    const role = new Role(
      snapshotsName,
      {
        name: snapshotsName,
        description: 'Makes and ends snapshots of the data volume',
        assumeRolePolicy: JSON.stringify(trust('dlm.amazonaws.com', place.accountId)),
      },
      this.child(),
    );
    const rights = new RolePolicy(
      snapshotsName,
      {
        name: snapshotsName,
        role: role.id,
        policy: volume.id.apply((volumeId) => JSON.stringify(snapshotPolicy(place, volumeId))),
      },
      this.child(),
    );
    new LifecyclePolicy(
      snapshotsName,
      {
        description: `${name} daily`,
        executionRoleArn: role.arn,
        state: 'ENABLED',
        policyDetails: {
          policyType: 'EBS_SNAPSHOT_MANAGEMENT',
          resourceTypes: ['VOLUME'],
          targetTags,
          schedules: [
            {
              name: 'daily',
              createRule: { interval: 24, intervalUnit: 'HOURS', times: SNAPSHOT_AT },
              retainRule: { count: snapshots },
              copyTags: true, // the role may delete only snapshots with the stack's tag
            },
          ],
        },
        tags: { Name: snapshotsName },
      },
      this.child({ dependsOn: rights }),
    );
    this.registerOutputs({});
  }
}
