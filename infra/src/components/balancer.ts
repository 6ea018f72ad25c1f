import { Certificate } from '@pulumi/aws/acm/certificate.js';
import { CertificateValidation } from '@pulumi/aws/acm/certificateValidation.js';
import { Listener } from '@pulumi/aws/lb/listener.js';
import { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import { Record } from '@pulumi/aws/route53/record.js';
import { output, type ComponentResourceOptions, type Input, type Output, type Resource } from '@pulumi/pulumi';
import { ACCESS_LOGS, bucketName, type Place } from '../names';
import { balancerLogBucketPolicy } from '../policies/buckets';
import { Part } from './part';
import { PrivateBucket } from './private-bucket';

/** The ARN of the operator's certificate, or the id of the DNS zone in which the stack validates a certificate that it requests. */
export type CertificateSource = { readonly arn: string } | { readonly provenIn: string };

export interface BalancerArgs {
  kind: 'application' | 'network';
  domain: string;
  certificate: CertificateSource;
  vpcId: Input<string>;
  subnetIds: Input<string>[];
  securityGroupId: Input<string>;
  /** An application balancer closes a connection after this time without traffic. A network balancer leaves that to nginx. */
  idleSeconds: number;
  /** The bucket for access logs; absent if the balancer writes none. */
  logs?: { bucketId: Input<string>; settled: Resource[] };
}

/** Only TLS 1.2 and 1.3. */
const TLS_POLICY = 'ELBSecurityPolicy-TLS13-1-2-2021-06';

/** One DNS name for several parents. TLS with an ACM certificate ends here, and another TLS connection goes to nginx. */
export class Balancer extends Part {
  readonly dnsName: Output<string>;
  readonly zoneId: Output<string>;
  readonly targetGroupArn: Output<string>;
  readonly certificateArn: Output<string>;

  constructor(name: string, args: BalancerArgs, options: ComponentResourceOptions) {
    super('Balancer', name, options);
    const application = args.kind === 'application';
    const { arn: certificateArn, provenArn } = this.#certificate(name, args);
    this.certificateArn = certificateArn;

    const balancer = new LoadBalancer(
      name,
      {
        name,
        loadBalancerType: args.kind,
        internal: false,
        subnets: args.subnetIds,
        securityGroups: [args.securityGroupId],
        ...(application
          ? { dropInvalidHeaderFields: true, desyncMitigationMode: 'strictest', idleTimeout: args.idleSeconds }
          : { enableCrossZoneLoadBalancing: true }),
        ...(args.logs && { accessLogs: { enabled: true, bucket: args.logs.bucketId } }),
        tags: { Name: name },
      },
      this.child({ dependsOn: args.logs?.settled ?? [] }),
    );
    this.dnsName = balancer.dnsName;
    this.zoneId = balancer.zoneId;
    const targets = new TargetGroup(
      name,
      {
        // The two kinds have different names. With one name, Pulumi would delete the old group before its listener when the kind changes,
        // which AWS refuses.
        name: application ? name : `${name}-tls`,
        vpcId: args.vpcId,
        port: 443,
        protocol: application ? 'HTTPS' : 'TLS',
        targetType: 'instance',
        deregistrationDelay: 60,
        // nginx sees only the balancer's connection, so the client's address comes in a header (application) or in the PROXY protocol.
        ...(!application && { proxyProtocolV2: true, preserveClientIp: 'false' }),
        // Do not use /api/health/tee: under an emergency stop, or with an overdue queue, every parent answers 503 there, and clients could
        // no longer read the status of their messages. The launch hook admits only attested parents. If a parent's enclave dies later, the
        // parent still accepts messages, and another parent delivers them.
        healthCheck: {
          enabled: true,
          protocol: 'HTTPS',
          port: '443',
          path: '/health/ready',
          matcher: '200',
          interval: 15,
          timeout: 10,
          healthyThreshold: 2,
          unhealthyThreshold: 3,
        },
        tags: { Name: name },
      },
      this.child(),
    );
    this.targetGroupArn = targets.arn;
    const forward = [{ type: 'forward', targetGroupArn: targets.arn }];
    new Listener(
      `${name}-https`,
      {
        loadBalancerArn: balancer.arn,
        port: 443,
        protocol: application ? 'HTTPS' : 'TLS',
        sslPolicy: TLS_POLICY,
        certificateArn: provenArn,
        defaultActions: forward,
        tags: { Name: `${name}-https` },
      },
      this.child(),
    );
    if (application) {
      new Listener(
        `${name}-http`,
        {
          loadBalancerArn: balancer.arn,
          port: 80,
          protocol: 'HTTP',
          defaultActions: [{ type: 'redirect', redirect: { protocol: 'HTTPS', port: '443', statusCode: 'HTTP_301' } }],
          tags: { Name: `${name}-http` },
        },
        this.child(),
      );
    }
    this.registerOutputs({});
  }

  /** The certificate's ARN, and the same ARN once the certificate is issued. */
  #certificate(
    name: string,
    { domain, certificate: source }: BalancerArgs,
  ): { arn: Output<string>; provenArn: Output<string> } {
    if ('arn' in source) return { arn: output(source.arn), provenArn: output(source.arn) };
    const certificate = new Certificate(
      name,
      { domainName: domain, validationMethod: 'DNS', keyAlgorithm: 'EC_prime256v1', tags: { Name: name } },
      this.child(),
    );
    const proof = certificate.domainValidationOptions.apply(([first]) => {
      if (first === undefined) throw new Error('ACM asked for no proof of the domain');
      return first;
    });
    const record = new Record(
      `${name}-proof`,
      {
        zoneId: source.provenIn,
        name: proof.apply((p) => p.resourceRecordName),
        type: proof.apply((p) => p.resourceRecordType),
        records: [proof.apply((p) => p.resourceRecordValue)],
        ttl: 300,
        allowOverwrite: true,
      },
      this.child(),
    );
    const proven = new CertificateValidation(
      name,
      { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
      this.child(),
    );
    return { arn: certificate.arn, provenArn: proven.certificateArn };
  }
}

/** A private bucket for the balancer's access logs. It keeps them only `keepDays`, because they contain clients' addresses. */
export class BalancerLogs extends Part {
  readonly bucketId: Output<string>;
  readonly settled: Resource[];

  constructor(
    name: string,
    { place, kind, keepDays }: { place: Place; kind: 'application' | 'network'; keepDays: number },
    options: ComponentResourceOptions,
  ) {
    super('BalancerLogs', name, options);
    const bucket = new PrivateBucket(
      name,
      {
        bucketName: bucketName(place, ACCESS_LOGS),
        keepOldVersionsDays: 1,
        keepDays,
        policy: (arn) => balancerLogBucketPolicy(place, arn, kind),
        // Not protected: the logs expire after keepDays anyway, and are deleted with the balancer.
        protect: false,
      },
      { parent: this },
    );
    this.bucketId = bucket.bucketId;
    this.settled = bucket.settled;
    this.registerOutputs({});
  }
}
