import { attribute, type Mappings } from '../mapping';

const balancer = (name: string) => attribute('ModifyLoadBalancerAttributes/Attributes', name);
const target = (name: string) => attribute('ModifyTargetGroupAttributes/Attributes', name);
const record = 'ChangeBatch.Changes[0].ResourceRecordSet';

/** What clients connect to: balancer, certificate, DNS name. */
export const entrance: Mappings = {
  'aws:lb/loadBalancer:LoadBalancer': {
    call: 'elbv2:CreateLoadBalancer',
    source: 'elbv2/load_balancer.go',
    members: {
      loadBalancerType: 'Type',
      internal: { to: 'Scheme', as: (internal) => (internal === true ? 'internal' : 'internet-facing') },
      dropInvalidHeaderFields: balancer('routing.http.drop_invalid_header_fields.enabled'),
      desyncMitigationMode: balancer('routing.http.desync_mitigation_mode'),
      idleTimeout: balancer('idle_timeout.timeout_seconds'),
      enableCrossZoneLoadBalancing: balancer('load_balancing.cross_zone.enabled'),
      'accessLogs.enabled': balancer('access_logs.s3.enabled'),
      'accessLogs.bucket': balancer('access_logs.s3.bucket'),
    },
    tags: 'Tags',
    sends: {
      'ModifyLoadBalancerAttributes/LoadBalancerArn':
        'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/name/0123456789abcdef',
    },
  },
  'aws:lb/targetGroup:TargetGroup': {
    call: 'elbv2:CreateTargetGroup',
    source: 'elbv2/target_group.go',
    members: {
      'healthCheck.enabled': 'HealthCheckEnabled',
      'healthCheck.path': 'HealthCheckPath',
      'healthCheck.port': 'HealthCheckPort',
      'healthCheck.protocol': 'HealthCheckProtocol',
      'healthCheck.matcher': 'Matcher.HttpCode',
      'healthCheck.interval': 'HealthCheckIntervalSeconds',
      'healthCheck.timeout': 'HealthCheckTimeoutSeconds',
      'healthCheck.healthyThreshold': 'HealthyThresholdCount',
      'healthCheck.unhealthyThreshold': 'UnhealthyThresholdCount',
      deregistrationDelay: target('deregistration_delay.timeout_seconds'),
      preserveClientIp: target('preserve_client_ip.enabled'),
      proxyProtocolV2: target('proxy_protocol_v2.enabled'),
    },
    tags: 'Tags',
    sends: {
      'ModifyTargetGroupAttributes/TargetGroupArn':
        'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/name/0123456789abcdef',
    },
  },
  'aws:lb/listener:Listener': {
    call: 'elbv2:CreateListener',
    source: 'elbv2/listener.go',
    members: {
      certificateArn: 'Certificates[0].CertificateArn',
      'defaultActions[].redirect': 'DefaultActions[].RedirectConfig',
    },
    tags: 'Tags',
  },
  'aws:acm/certificate:Certificate': {
    call: 'acm:RequestCertificate',
    source: 'acm/certificate.go',
    tags: 'Tags',
  },
  'aws:acm/certificateValidation:CertificateValidation': {
    call: 'acm:DescribeCertificate',
    source: 'acm/certificate_validation.go',
    own: { validationRecordFqdns: 'the provider compares them with what ACM asks for' },
  },
  'aws:route53/record:Record': {
    call: 'route53:ChangeResourceRecordSets',
    source: 'route53/record.go',
    base: record,
    members: {
      zoneId: 'HostedZoneId',
      'records[]': `${record}.ResourceRecords[].Value`,
      'aliases[].name': `${record}.AliasTarget.DNSName`,
      'aliases[].zoneId': `${record}.AliasTarget.HostedZoneId`,
      'aliases[].evaluateTargetHealth': `${record}.AliasTarget.EvaluateTargetHealth`,
    },
    own: { allowOverwrite: 'the provider sends the action UPSERT' },
    sends: { 'ChangeBatch.Changes[0].Action': 'UPSERT' },
  },
};
