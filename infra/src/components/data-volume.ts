import { Volume } from '@pulumi/aws/ebs/volume.js';
import type { ComponentResourceOptions, Output } from '@pulumi/pulumi';
import { Part } from './part';

export interface DataVolumeArgs {
  zone: string;
  sizeGiB: number;
}

/** The disk of PostgreSQL and Redis on the parent: outlives every instance, is taken over by the next, and leaves a snapshot when it ends. */
export class DataVolume extends Part {
  readonly volumeId: Output<string>;

  constructor(name: string, { zone, sizeGiB }: DataVolumeArgs, options: ComponentResourceOptions) {
    super('DataVolume', name, options);
    const volume = new Volume(name, { availabilityZone: zone, size: sizeGiB, type: 'gp3', encrypted: true, finalSnapshot: true, tags: { Name: name } }, this.child());
    this.volumeId = volume.id;
    this.registerOutputs({});
  }
}
