/** A form that a stack can take, for what has to look at every one of them. */
export interface StackShape {
  readonly title: string;
  /** Whose Pulumi.<stack>.yaml it is. */
  readonly stack: 'dev' | 'staging' | 'prod';
  /** Over that file, `key=value`. */
  readonly changes: readonly string[];
}

const SEVERAL = ['instances=2', 'maxInstances=4', 'balancer=application'];
const IMAGE_BUILD = [
  'imageBuild=true',
  'imageBuildRepository=https://github.com/example/communique-tee',
  `imageBuildCommit=${'c'.repeat(40)}`,
  'imageBuildDebianMirror=https://mirror.example.org/debian',
];

export const STACK_SHAPES: readonly StackShape[] = [
  { title: 'dev', stack: 'dev', changes: [] },
  { title: 'staging', stack: 'staging', changes: [] },
  { title: 'prod', stack: 'prod', changes: [] },
  { title: 'prod with stores elsewhere', stack: 'prod', changes: ['database=external', 'redis=external'] },
  { title: 'prod of several parents behind an application balancer', stack: 'prod', changes: SEVERAL },
  {
    title: 'prod of several parents behind a network balancer, each zone with its way out',
    stack: 'prod',
    changes: ['instances=2', 'balancer=network', 'natPerZone=true'],
  },
  {
    title: 'prod of several parents behind a balancer without logs',
    stack: 'prod',
    changes: ['instances=2', 'balancer=application', 'balancerLogDays=0'],
  },
  {
    title: 'staging with its own image build',
    stack: 'staging',
    changes: [...IMAGE_BUILD, 'auditTrail=create'],
  },
];
