import { joined, type Mappings } from '../mapping';

/** What parent instances consist of: template, group, data volume and its snapshots. */
export const parents: Mappings = {
  'aws:ec2/launchTemplate:LaunchTemplate': {
    call: 'ec2:CreateLaunchTemplate',
    source: 'ec2/ec2_launch_template.go',
    base: 'LaunchTemplateData',
    members: {
      name: 'LaunchTemplateName',
      'networkInterfaces[].securityGroups': 'LaunchTemplateData.NetworkInterfaces[].Groups',
    },
    own: { updateDefaultVersion: 'the provider makes the new version the default by ModifyLaunchTemplate' },
    tags: 'TagSpecifications[0].Tags',
  },
  'aws:autoscaling/group:Group': {
    call: 'autoscaling:CreateAutoScalingGroup',
    source: 'autoscaling/group.go',
    members: {
      name: 'AutoScalingGroupName',
      vpcZoneIdentifiers: { to: 'VPCZoneIdentifier', as: joined(',') },
      'launchTemplate.id': 'LaunchTemplate.LaunchTemplateId',
      initialLifecycleHooks: 'LifecycleHookSpecificationList',
      'initialLifecycleHooks[].name': 'LifecycleHookSpecificationList[].LifecycleHookName',
      enabledMetrics: 'EnableMetricsCollection/Metrics',
      metricsGranularity: 'EnableMetricsCollection/Granularity',
      'instanceRefresh.strategy': 'StartInstanceRefresh/Strategy',
      'instanceRefresh.preferences': 'StartInstanceRefresh/Preferences',
    },
    own: {
      waitForCapacityTimeout: 'how long the provider waits',
      ignoreFailedScalingActivities: 'whether the provider keeps waiting after a failed activity',
      'instanceRefresh.triggers': 'which changes make the provider start a refresh',
      forceDelete: 'how the provider deletes',
    },
    tags: 'Tags',
    sends: {
      'Tags[].ResourceId': 'communique-tee-dev-parent',
      'Tags[].ResourceType': 'auto-scaling-group',
      'EnableMetricsCollection/AutoScalingGroupName': 'communique-tee-dev-parent',
      'StartInstanceRefresh/AutoScalingGroupName': 'communique-tee-dev-parent',
    },
  },
  'aws:autoscaling/policy:Policy': {
    call: 'autoscaling:PutScalingPolicy',
    source: 'autoscaling/policy.go',
    members: { name: 'PolicyName' },
  },
  'aws:ebs/volume:Volume': {
    call: 'ec2:CreateVolume',
    source: 'ec2/ebs_volume.go',
    members: { type: 'VolumeType' },
    own: { finalSnapshot: 'the provider makes a snapshot before it deletes the volume' },
    tags: 'TagSpecifications[0].Tags',
  },
  'aws:dlm/lifecyclePolicy:LifecyclePolicy': {
    call: 'dlm:CreateLifecyclePolicy',
    source: 'dlm/lifecycle_policy.go',
    members: {
      'policyDetails.schedules[].createRule.times': {
        to: 'PolicyDetails.Schedules[].CreateRule.Times',
        as: (time) => [time],
      },
    },
    tags: 'Tags',
  },
};
