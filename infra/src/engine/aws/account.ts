import { MockAws } from '../../mock-aws';
import { createSideEffects, checkCreation, checkDeletion, checkReferences, remove } from './clashes';
import { ID_IS_ARN, IDS, IMPORTED_BY, random } from './resource-ids';
import type { Properties } from './wire';
import type { Thing, World } from './world';

const LAUNCH_TEMPLATE = 'aws:ec2/launchTemplate:LaunchTemplate';
const OBJECT = 'aws:s3/bucketObjectv2:BucketObjectv2';
/**
 * Inputs that AWS does not report, with the provider's defaults. For such an input, a refresh keeps the value in the state, and an import
 * sets the default. Source: the provider's functions that read the resources (aws-api/mappings names their files) do not set these inputs.
 */
const UNSEEN: Readonly<Record<string, Properties>> = {
  'aws:autoscaling/group:Group': {
    forceDelete: false,
    ignoreFailedScalingActivities: false,
    initialLifecycleHooks: undefined,
    instanceRefresh: undefined,
    waitForCapacityTimeout: '10m',
  },
  'aws:ebs/volume:Volume': { finalSnapshot: false },
  'aws:ec2/launchTemplate:LaunchTemplate': { updateDefaultVersion: undefined },
  'aws:ecr/repository:Repository': { forceDelete: undefined },
  'aws:elasticache/replicationGroup:ReplicationGroup': {
    applyImmediately: undefined,
    authTokenUpdateStrategy: undefined,
    authTokenWoVersion: undefined,
    finalSnapshotIdentifier: undefined,
  },
  'aws:kms/key:Key': { deletionWindowInDays: undefined },
  'aws:rds/instance:Instance': {
    allowMajorVersionUpgrade: undefined,
    applyImmediately: undefined,
    deleteAutomatedBackups: true,
    finalSnapshotIdentifier: undefined,
    manageMasterUserPassword: undefined,
    skipFinalSnapshot: false,
  },
  'aws:route53/record:Record': { allowOverwrite: undefined },
  'aws:s3/bucket:Bucket': { forceDestroy: false },
  'aws:s3/bucketObjectv2:BucketObjectv2': { checksumAlgorithm: undefined, contentBase64: undefined, source: undefined },
  'aws:secretsmanager/secret:Secret': { recoveryWindowInDays: undefined },
  'aws:secretsmanager/secretRotation:SecretRotation': { rotateImmediately: true },
  'aws:secretsmanager/secretVersion:SecretVersion': { secretStringWoVersion: undefined },
};

/** A simulated AWS account. */
export class Account {
  /** How long AWS needs to make, change or delete a resource, by type; `*` is any type. */
  readonly delaysMs = new Map<string, number>();

  constructor(readonly world: World) {}

  /** Waits as the provider waits for AWS. The change is already made, and stays even if the wait is aborted. */
  async settled(type: string): Promise<void> {
    const ms = this.delaysMs.get(type) ?? this.delaysMs.get('*') ?? 0;
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Creates a resource. @throws Error with AWS's error code */
  create(region: string, type: string, name: string, inputs: Properties): Thing {
    checkCreation(this.world, type, inputs);
    const digits = random();
    // A new resource with an old name gets new ids.
    const made = makeUp(region, type, `${name}.${digits}`, inputs);
    const { arn } = made.outputs;
    const id = ID_IS_ARN.has(type) && typeof arn === 'string' ? arn : (IDS[type]?.(inputs, digits) ?? made.id);
    const thing: Thing = {
      type,
      id,
      inputs: visible(inputs),
      outputs: { ...made.outputs, ...namedBy(type, id, region) },
    };
    createSideEffects(this.world, type, inputs);
    this.world.put(thing);
    return thing;
  }

  /**
   * @returns the outputs that have new values
   * @throws Error with AWS's error code
   */
  update(type: string, id: string, inputs: Properties): Properties {
    const thing = this.world.find(type, id);
    if (thing === undefined) throw new Error(`NotFound: ${type} ${id} does not exist`);
    checkReferences(this.world, inputs);
    const changed: Properties = {};
    if (type === LAUNCH_TEMPLATE) changed['latestVersion'] = Number(thing.outputs['latestVersion']) + 1;
    if (type === OBJECT) changed['versionId'] = random();
    this.world.put({ ...thing, inputs: visible(inputs), outputs: { ...thing.outputs, ...changed } });
    return changed;
  }

  /** Deletes a resource; a missing one counts as deleted. @throws Error with AWS's error code */
  delete(type: string, id: string): void {
    const thing = this.world.find(type, id);
    if (thing === undefined) return;
    checkDeletion(this.world, thing);
    remove(this.world, thing);
  }

  /** Finds a resource by its id in Pulumi's state, or by the id that `pulumi import` takes. */
  find(type: string, id: string): Thing | undefined {
    const imported = IMPORTED_BY[type];
    return (
      this.world.find(type, id) ?? (imported && this.world.ofType(type).find(({ inputs }) => imported(inputs) === id))
    );
  }

  seenByImport({ type, inputs }: Thing): Properties {
    return { ...inputs, ...UNSEEN[type] };
  }

  /** Whether AWS reports the value of this input. */
  isReported(type: string, input: string): boolean {
    return !(input in (UNSEEN[type] ?? {}));
  }

  /** Names of the outputs whose values AWS would choose. */
  outputKeys(region: string, type: string, inputs: Properties): string[] {
    const { outputs } = makeUp(region, type, 'any', inputs);
    return [...Object.keys(outputs), ...Object.keys(namedBy(type, '', region))];
  }

  /** Names of the outputs that an update changes. */
  changingKeys(type: string): readonly string[] {
    return type === LAUNCH_TEMPLATE ? ['latestVersion'] : type === OBJECT ? ['versionId'] : [];
  }
}

function makeUp(region: string, type: string, name: string, inputs: Properties): { id: string; outputs: Properties } {
  const { id, state } = new MockAws(region).newResource({ type, name, inputs, provider: '', custom: true, id: '' });
  return { id, outputs: Object.fromEntries(Object.entries(state).filter(([key]) => !(key in inputs))) };
}

/** The outputs that contain the id, for types to which `create` gives another id than mock-aws.ts. */
function namedBy(type: string, id: string, region: string): Properties {
  switch (type) {
    case 'aws:kms/key:Key':
      return { keyId: id, arn: `arn:aws:kms:${region}:123456789012:key/${id}` };
    case 'aws:secretsmanager/secret:Secret':
      return { arn: id };
    case 'aws:ec2/eip:Eip':
      return { allocationId: id };
    case 'aws:cloudfront/distribution:Distribution':
      return { arn: `arn:aws:cloudfront::123456789012:distribution/${id}` };
    default:
      return {};
  }
}

const visible = (inputs: Properties): Properties =>
  Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.endsWith('Wo')));
