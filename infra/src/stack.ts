import { all, output, type ComponentResourceOptions } from '@pulumi/pulumi';
import { connectionTimes, renderParentArchive, renderUserData } from '../parent/src';
import { Addresses, Dns, forTheHouse } from './components/address';
import { Alarms, AlarmTopic } from './components/alarms';
import { AuditTrail } from './components/audit-trail';
import { Balancer, BalancerLogs, type CertificateSource } from './components/balancer';
import { StackBudget } from './components/budget';
import { Dashboard } from './components/dashboard';
import { ExternalStores, type ExternalStoresArgs, Stores } from './components/stores';
import { FlowLogs, LogMetrics, Logs } from './components/logs';
import { databaseLogGroups } from './components/database';
import { GuardedKey, KeyWatch } from './components/keys';
import { Identity, ParentPermissions } from './components/identity';
import { ImageBuild } from './components/image-build';
import { ImageStore, StoreObject } from './components/image-store';
import { adoptedNetwork, Network } from './components/network';
import { Parents, refreshPreferences } from './components/parents';
import { Registry } from './components/registry';
import { ResidenceFiles } from './components/residence-files';
import { Scaling } from './components/scaling';
import { SecurityGroups } from './components/security-groups';
import type { Settings } from './config/parse-settings';
import { costOf } from './cost/cost';
import type { Lookups } from './lookups';
import {
  aliasName,
  bucketName,
  CERTIFICATE_SECRET,
  BUILD_LOG,
  ENCLAVE_KEY_ALIAS,
  nameOf,
  OPERATOR_KEY_ALIAS,
  stackTags,
  type Place,
} from './names';
import { consoleLinks } from './console-links';
import { operatorOf, publishedPolicy } from './operator';
import { rolloutOf } from './rollout';
import { agentsVariables, logGroupPrefix, PARENT_LOG_GROUPS, parentSettings } from './parent-settings';
import { enclaveKeyPolicy, operatorKeyPolicy, type AcceptedImage } from '@communique-tee/key-policies';
import { parentRolePolicy } from './policies/parent-role';

/** Makes all resources of one stack. @returns the outputs of `pulumi up` */
export function createStack(
  settings: Settings,
  lookups: Lookups,
  options: ComponentResourceOptions,
  /** What moves the parents to a new template version: `pulumi up` itself, or `npm run deploy` afterwards. */
  rollout: 'up' | 'deploy' = 'up',
): Record<string, unknown> {
  const { stack, production, image } = settings;
  const place: Place = { stack, region: settings.region, accountId: lookups.accountId, partition: lookups.partition };
  const name = (part?: string): string => nameOf(stack, part);
  const administrators = settings.keyAdministrators;
  const zones = settings.availabilityZones;
  const several = settings.maxInstances > 1;
  // Use the fixed name and not the group's output, so that alarms and dashboard are made while the group waits for its first parent.
  const parentGroup = name('parent');

  const logs = new Logs(
    name('logs'),
    {
      prefix: logGroupPrefix(stack),
      names: [...PARENT_LOG_GROUPS, ...(lookups.network ? [] : ['flow']), ...(settings.imageBuild ? [BUILD_LOG] : [])],
      namedByAws: settings.database === 'managed' ? databaseLogGroups(name('database')) : {},
      retentionDays: settings.logRetentionDays,
      keep: production,
    },
    options,
  );
  // One parent and several use the same resources, so that the registered addresses stay. In the operator's own network, several parents
  // use the operator's NAT gateways and need no addresses of the stack.
  const addresses =
    lookups.network && several
      ? undefined
      : new Addresses(
          name('address'),
          {
            count: settings.natPerZone ? 2 : 1,
            heldBy: several ? 'nat' : 'parent',
            keep: production,
            adopted: lookups.addresses,
          },
          options,
        );
  const ownNetwork = lookups.network
    ? undefined
    : new Network(
        name('network'),
        {
          place,
          storeArn: `arn:${lookups.partition}:s3:::${bucketName(place, 'images')}`,
          cidr: settings.vpcCidr,
          zones,
          natAllocationIds: several && addresses ? addresses.released() : [],
        },
        options,
      );
  const network = ownNetwork ?? adoptedNetwork(lookups.network);
  // The operator's own network gets no flow logs, because they would record other traffic too.
  if (ownNetwork) new FlowLogs(name('flow'), { place, vpcId: ownNetwork.vpcId, logGroup: logs.group('flow') }, options);
  const groups = new SecurityGroups(
    name('access'),
    {
      vpcId: network.vpcId,
      balancer: settings.balancer !== 'none',
      managedDatabase: settings.database === 'managed',
      managedRedis: settings.redis === 'managed',
    },
    options,
  );
  const externalStores =
    settings.database === 'external' || settings.redis === 'external'
      ? new ExternalStores(
          name('stores'),
          { parentSecurityGroupId: groups.parentId, ...externalPorts(settings) },
          options,
        )
      : undefined;
  const identity = new Identity(name('parent'), options);
  const operator = operatorOf(settings, place);

  const acceptedImages: AcceptedImage[] = [
    { pcr0: image.pcr0, pcr1: image.pcr1, pcr2: image.pcr2, ...(image.pcr8 !== undefined && { pcr8: image.pcr8 }) },
    ...settings.acceptedImages.filter((pcr0) => pcr0 !== image.pcr0).map((pcr0) => ({ pcr0 })),
  ];
  const keyArgs = { place, acceptedImages, administrators };
  const enclaveKey = new GuardedKey(
    name('enclave-key'),
    {
      description: 'Guards the keys of the enclave',
      alias: aliasName(stack, ENCLAVE_KEY_ALIAS),
      policy: identity.roleArn.apply((parentRoleArn) => enclaveKeyPolicy({ ...keyArgs, parentRoleArn })),
      protect: production,
    },
    options,
  );
  const operators = settings.secretOperators.length > 0 ? settings.secretOperators : administrators;
  const operatorKey = new GuardedKey(
    name('operator-key'),
    {
      description: "The operator's secrets for the enclave",
      alias: aliasName(stack, OPERATOR_KEY_ALIAS),
      policy: identity.roleArn.apply((parentRoleArn) => operatorKeyPolicy({ ...keyArgs, parentRoleArn, operators })),
      protect: production,
    },
    options,
  );
  const store = new ImageStore(name('images'), { place, image, administrators, protect: production }, options);
  const registry = new Registry(name('gateway'), { keep: production }, options);
  let imageBuild: ImageBuild | undefined;
  if (settings.imageBuild && settings.imageBuildRepository !== undefined && settings.imageBuildCommit !== undefined) {
    imageBuild = new ImageBuild(
      name('image-build'),
      {
        place,
        architecture: settings.architecture,
        repositoryUrl: settings.imageBuildRepository,
        commit: settings.imageBuildCommit,
        debianMirror: settings.imageBuildDebianMirror,
        configuration: settings.enclaveConfiguration,
        store,
        logGroup: logs.group(BUILD_LOG),
        registry: { arn: registry.repositoryArn, url: registry.repositoryUrl },
      },
      options,
    );
  }
  const stores = new Stores(
    name('data'),
    {
      settings,
      place,
      subnetIds: network.privateSubnetIds,
      zone: zones[0],
      logs,
      databaseGroupId: groups.databaseId,
      redisGroupId: groups.redisId,
    },
    options,
  );
  const release = new StoreObject(
    name('release'),
    {
      bucketId: store.bucketId,
      key: `releases/${settings.release.sha256}.tar.gz`,
      content: { file: settings.release.file },
      settled: store.settled,
    },
    options,
  );

  const accessLogs =
    settings.balancer === 'none' || settings.balancerLogDays === 0
      ? undefined
      : new BalancerLogs(
          name('access-logs'),
          { place, kind: settings.balancer, keepDays: settings.balancerLogDays },
          options,
        );
  const balancer =
    settings.balancer === 'none' || groups.balancerId === undefined
      ? undefined
      : new Balancer(
          name(),
          {
            kind: settings.balancer,
            domain: settings.domain,
            certificate: certificateOf(settings, lookups.zoneId),
            vpcId: network.vpcId,
            subnetIds: network.publicSubnetIds,
            securityGroupId: groups.balancerId,
            idleSeconds: connectionTimes({ ...settings.gatewayEnvironment, ...agentsVariables(settings) }).balancerIdle,
            ...(accessLogs && { logs: accessLogs }),
          },
          options,
        );

  const residenceFiles =
    settings.residence === 'off' || settings.residenceFilesUrl !== undefined
      ? undefined
      : new ResidenceFiles(
          name('residence'),
          {
            place,
            publishers: settings.residencePublishers.length > 0 ? settings.residencePublishers : administrators,
            protect: production,
          },
          options,
        );

  const made = all([
    store.bucketId,
    store.versionId,
    output(stores.secretArns),
    stores.database,
    stores.redisAddress,
    stores.dataVolumeId,
    several ? undefined : addresses?.first.allocationId,
    residenceFiles?.host,
  ]).apply(
    ([
      storeBucket,
      imageVersionId,
      secretArns,
      database,
      redis,
      dataVolumeId,
      elasticIpAllocationId,
      residenceHost,
    ]) => ({
      storeBucket,
      imageKey: store.key,
      imageVersionId,
      releaseKey: `releases/${settings.release.sha256}.tar.gz`,
      secretArns,
      database,
      redis,
      dataVolumeId,
      elasticIpAllocationId,
      balancerNetworks: network.publicCidrs,
      operatorPcr3: operator.pcr3,
      residenceFiles: residenceHost,
    }),
  );
  const parent = made.apply((known) => parentSettings(settings, known));
  const archive = parent.apply((known) => {
    const { key, bytes } = renderParentArchive(known);
    return { key, base64: Buffer.from(bytes).toString('base64') };
  });
  const files = new StoreObject(
    name('parent-files'),
    { bucketId: store.bucketId, key: archive.key, content: { base64: archive.base64 }, settled: store.settled },
    options,
  );

  const permissions = new ParentPermissions(
    name('parent-permissions'),
    {
      roleName: identity.roleName,
      // Waits for natGatewayIds, because the earlier parent may release the address only under the old policy.
      policy: all([
        made,
        store.bucketArn,
        files.key,
        enclaveKey.keyArn,
        operatorKey.keyArn,
        network.natGatewayIds,
      ]).apply(([known, bucketArn, filesKey, enclaveKeyArn, operatorKeyArn]) =>
        parentRolePolicy({
          place,
          bucketArn,
          objects: [
            { key: known.imageKey, versionId: known.imageVersionId },
            { key: known.releaseKey },
            { key: filesKey },
          ],
          logGroupNames: PARENT_LOG_GROUPS.map((part) => logs.group(part).name),
          ...(known.secretArns[CERTIFICATE_SECRET] !== undefined && {
            certificateSecretArn: known.secretArns[CERTIFICATE_SECRET],
          }),
          secretArns: [...Object.values(known.secretArns), ...(known.database ? [known.database.secretArn] : [])],
          enclaveKeyArn,
          operatorKeyArn,
          acceptedImages: settings.acceptedImages,
          ...(known.elasticIpAllocationId !== undefined && { elasticIpAllocationId: known.elasticIpAllocationId }),
          ...(known.dataVolumeId !== undefined && { dataVolumeId: known.dataVolumeId }),
        }),
      ),
    },
    options,
  );
  const oneZone = settings.database === 'parent';
  const parents = new Parents(
    name('parent'),
    {
      imageId: lookups.imageId,
      instanceType: settings.instanceType,
      instanceProfileArn: identity.instanceProfileArn,
      securityGroupId: groups.parentId,
      subnetIds: several
        ? network.privateSubnetIds
        : oneZone
          ? network.publicSubnetIds.slice(0, 1)
          : network.publicSubnetIds,
      publicAddress: !several,
      rootVolumeGiB: settings.rootVolumeGiB,
      userData: parent.apply((known) => Buffer.from(renderUserData(known)).toString('base64')),
      instances: settings.instances,
      maxInstances: settings.maxInstances,
      oneAtATime: oneZone,
      targetGroupArns: balancer ? [balancer.targetGroupArn] : [],
      tags: stackTags(stack, production),
      runs: { pcr0: image.pcr0, release: settings.release.sha256 },
      versionByDeploy: rollout === 'deploy',
      after: [
        ...[
          ...(ownNetwork ? [ownNetwork] : []),
          groups,
          logs,
          identity,
          enclaveKey,
          operatorKey,
          store,
          stores,
          permissions,
          release,
          files,
        ],
        ...(externalStores ? [externalStores] : []),
      ],
    },
    options,
  );
  if (settings.maxInstances > settings.instances)
    new Scaling(name('scaling'), { groupName: parents.groupName, stack }, options);
  if (lookups.zoneId !== undefined) {
    const target = balancer
      ? { balancer: { dnsName: balancer.dnsName, zoneId: balancer.zoneId } }
      : addresses && { address: addresses.first.publicIp };
    if (target) new Dns(name('name'), { zoneId: lookups.zoneId, domain: settings.domain, target }, options);
  }

  const topic = new AlarmTopic(name('alarms'), { place, email: settings.alarmEmail }, options);
  new LogMetrics(name('counted'), { stack, logs }, { ...options, dependsOn: logs });
  if (settings.auditTrail === 'create') new AuditTrail(name('audit'), { place, protect: production }, options);
  const watch = new KeyWatch(
    name('watch'),
    { keyArns: [enclaveKey.keyArn, operatorKey.keyArn], topicArn: topic.topicArn, bucketName: store.bucketId },
    options,
  );
  new Alarms(
    name('alarm'),
    {
      stack,
      topicArn: topic.topicArn,
      groupName: parentGroup,
      instances: settings.instances,
      ...(balancer && { certificateArn: balancer.certificateArn }),
      ...(stores.databaseIdentifier !== undefined && { databaseIdentifier: stores.databaseIdentifier }),
      ...(stores.redis && { redis: stores.redis }),
      watchRules: watch.rules,
    },
    options,
  );
  new Dashboard(name('overview'), { stack, region: settings.region, groupName: parentGroup }, options);
  new StackBudget(
    name('budget'),
    { stack, limitUsd: settings.monthlyBudgetUsd, email: settings.alarmEmail, topicArn: topic.topicArn },
    options,
  );

  return {
    url: `https://${settings.domain}`,
    ...(addresses?.outputs ?? forTheHouse((lookups.network?.natAddresses ?? []).map((address) => output(address)))),
    ...(balancer && { balancerName: balancer.dnsName }),
    measurements: {
      pcr0: image.pcr0,
      pcr1: image.pcr1,
      pcr2: image.pcr2,
      ...(image.pcr8 !== undefined && { pcr8: image.pcr8 }),
      accepted: settings.acceptedImages,
    },
    operator,
    policy: publishedPolicy(settings.acceptedImages, operator),
    image: {
      bucket: store.bucketId,
      key: store.key,
      versionId: store.versionId,
      commit: image.commit,
      version: image.version,
    },
    release: {
      sha256: settings.release.sha256,
      key: release.key,
      referenceString: settings.release.referenceString,
    },
    rollout: rolloutOf(place, {
      group: parentGroup,
      template: parents.template,
      preferences: refreshPreferences(oneZone),
    }),
    network: {
      vpcId: network.vpcId,
      zones,
      publicSubnets: network.publicSubnetIds,
      privateSubnets: network.privateSubnetIds,
      adopted: lookups.network !== undefined,
      parents: groups.parentId,
    },
    keys: { enclave: enclaveKey.aliasArn, operator: operatorKey.aliasArn, administrators },
    secrets: stores.secretArns,
    registry: registry.repositoryUrl,
    ...(residenceFiles && { residence: { bucket: residenceFiles.bucketId, host: residenceFiles.host } }),
    ...(imageBuild && { imageBuild: { project: imageBuild.projectName, publishes: imageBuild.publishes } }),
    console: consoleLinks(place),
    monthlyCost: costOf(settings),
  };
}

function certificateOf({ certificateArn }: Settings, zoneId: string | undefined): CertificateSource {
  if (certificateArn !== undefined) return { arn: certificateArn };
  if (zoneId === undefined) throw new Error('a balancer needs a certificate, or a zone to validate one');
  return { provenIn: zoneId };
}

function externalPorts(settings: Settings): Pick<ExternalStoresArgs, 'ports' | 'database'> {
  const { database, redis, databaseSecurityGroup } = settings;
  const given = settings.externalPorts.map(Number);
  const usual = (port: number): number[] => (given.length > 0 ? given : [port]);
  const byGroup = database === 'external' && databaseSecurityGroup !== undefined;
  return {
    ports: [...(database === 'external' && !byGroup ? usual(5432) : []), ...(redis === 'external' ? usual(6379) : [])],
    ...(byGroup && { database: { securityGroupId: databaseSecurityGroup, ports: usual(5432) } }),
  };
}
