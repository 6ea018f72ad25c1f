import { notBuilt } from './config/stand-ins';
import { runProgram, type Seen } from './preview/run-program';
import { stackConfig } from './preview/stack-config';

/** One configuration of a stack, for tests that check them all. */
export interface StackShape {
  readonly title: string;
  /** Pulumi.<stack>.yaml is read. */
  readonly stack: 'dev' | 'staging' | 'prod';
  /** Changes to that file, as `key=value`. */
  readonly changes: readonly string[];
  /** The stack's name, if it is not `stack`. */
  readonly named?: string;
}

const SEVERAL = ['instances=2', 'maxInstances=4', 'balancer=application'];
const IMAGE_BUILD = [
  'imageBuild=true',
  'imageBuildRepository=https://github.com/example/communique-tee',
  `imageBuildCommit=${'c'.repeat(40)}`,
  'imageBuildDebianMirror=https://mirror.example.org/debian',
];

const ADOPTED_NETWORK = [
  'vpcId=vpc-0123456789abcdef0',
  'publicSubnets=subnet-0123456789abcdef0,subnet-0123456789abcdef1',
  'privateSubnets=subnet-0123456789abcdef2,subnet-0123456789abcdef3',
];
const ADOPTED_DATABASE = [
  'database=external',
  'databaseUrlSecret=arn:aws:secretsmanager:us-east-1:123456789012:secret:communique/database-url-AbCdEf',
  'databaseSecurityGroup=sg-0123456789abcdef0',
];

const RESIDENCE = [
  'residence=required',
  'residenceRegistrar=example-registrar',
  'residenceKeys=example-registrar+e1a1d779+AUvq3isjNDC5cYuqzs8P4FHLIqILbXmlqfxa2HOI4vc8',
];

const AGENTS = ['agents=on', 'enclaveSecrets=cwc-house,cwc-senate,openai-api-key,gemini-api-key,anthropic-api-key'];

export const STACK_SHAPES: readonly StackShape[] = [
  { title: 'dev', stack: 'dev', changes: [] },
  { title: 'staging', stack: 'staging', changes: [] },
  { title: 'prod', stack: 'prod', changes: [] },
  { title: 'prod with external stores', stack: 'prod', changes: ['database=external', 'redis=external'] },
  { title: 'prod of several parents behind an application balancer', stack: 'prod', changes: SEVERAL },
  {
    title: 'prod of several parents behind a network balancer, with a NAT gateway in each zone',
    stack: 'prod',
    changes: ['instances=2', 'balancer=network', 'natPerZone=true'],
  },
  {
    title: 'prod of several parents behind a balancer without logs',
    stack: 'prod',
    changes: ['instances=2', 'balancer=application', 'balancerLogDays=0'],
  },
  {
    title: 'prod of several parents with the operator’s own addresses and certificate',
    stack: 'prod',
    changes: [
      'instances=2',
      'balancer=application',
      'natPerZone=true',
      'addresses=eipalloc-0123456789abcdef0,eipalloc-0123456789abcdef1',
      'certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012',
    ],
  },
  {
    title: 'prod of several parents in the operator’s own network, with the operator’s own database',
    stack: 'prod',
    changes: [...ADOPTED_NETWORK, 'instances=2', 'balancer=application', ...ADOPTED_DATABASE],
  },
  { title: 'prod of one parent in the operator’s own network', stack: 'prod', changes: ADOPTED_NETWORK },
  { title: 'prod that requires a proof of residence', stack: 'prod', changes: RESIDENCE },
  { title: 'prod with agents behind a balancer', stack: 'prod', changes: [...AGENTS, 'balancer=application'] },
  {
    title: 'staging with its own image build',
    stack: 'staging',
    changes: [...IMAGE_BUILD, 'auditTrail=create'],
  },
];

const ALL_OPTIONS = [
  ...SEVERAL,
  ...IMAGE_BUILD,
  ...RESIDENCE,
  'natPerZone=true',
  'auditTrail=create',
  'amiId=ami-0123456789abcdef0',
  ...AGENTS,
];

const repeated = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_each, index) => make(index)).join(',');
const label = (letter: string, length: number): string => letter.repeat(length);
/** A role's ARN of 256 characters. */
const longestRole = (index: number): string =>
  `arn:aws:iam::123456789012:role/${label('p', 160)}/${label('r', 63)}${index}`;
const LONGEST = [
  'aws:region=ap-northeast-1',
  'availabilityZones=ap-northeast-1a,ap-northeast-1c',
  `operatorName=${label('é', 100)}`,
  `alarmEmail=${label('e', 64)}@${label('d', 59)}.${label('d', 58)}.${label('d', 58)}.example.org`,
  `acceptedPcr0=${repeated(8, (index) => String(index + 1).repeat(96))}`,
  `keyAdministrators=${repeated(8, longestRole)}`,
  `residencePublishers=${repeated(8, (index) => longestRole(index).replaceAll('p', 'w'))}`,
  `secretOperators=${repeated(8, (index) => longestRole(index).replaceAll('p', 'q'))}`,
  'hostedZone=example.org',
];

/** Rare forms, all options together, and the longest values. */
export const EXTREME_SHAPES: readonly StackShape[] = [
  {
    title: 'staging on x86-64 with its own image build',
    stack: 'staging',
    changes: [...IMAGE_BUILD, 'instanceType=c6i.xlarge'],
  },
  {
    title: 'one parent outside production, behind a network balancer, with an external PostgreSQL',
    stack: 'staging',
    changes: ['balancer=network', 'database=external', 'balancerLogDays=0', 'hostedZone=communique.example.org'],
  },
  { title: 'prod with all options', stack: 'prod', changes: ALL_OPTIONS },
  {
    title: 'the longest names behind a balancer',
    stack: 'prod',
    named: 'twelve-chars',
    changes: [...ALL_OPTIONS, ...LONGEST, `domain=${label('d', 52)}.example.org`],
  },
  {
    title: 'the longest names without a balancer',
    stack: 'prod',
    named: 'twelve-chars',
    changes: [...LONGEST, `domain=${label('d', 60)}.${label('d', 60)}.${label('d', 60)}.${label('d', 55)}.example.org`],
  },
];

/** Returns the resources that the Pulumi program declares, with made-up measurements of an image. */
export const seenOf = ({ stack, changes, named = stack }: StackShape, root: string): Promise<Seen> =>
  runProgram(named, stackConfig(root, stack, changes).values, { root, standIn: notBuilt });
