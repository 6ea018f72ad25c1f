import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { cloudwatchAgent, GATEWAY_METRICS } from '../../parent/src/cloudwatch-agent';
import { EXTERNAL, ON_PARENT } from '../../parent/src/testing/example-settings';
import { runProgram, type Seen } from '../preview/run-program';
import { stackConfig } from '../preview/stack-config';
import { notBuilt } from '../config/stand-ins';
import { STACK_SHAPES } from '../stack-shapes';
import { isInAlarm, type AlarmInputs } from '../testing/alarm-state';
import { emittedByAgent, emittedByServices, isEmitted, type Emitted } from '../testing/emitted-metrics';
import { RUNBOOK } from './alarms';

const root = workspaceRoot();
const times = (count: number, value: number | null): (number | null)[] => Array.from({ length: count }, () => value);
/** The values of each minute of a day, oldest first: 1 in each minute of `when`, which counts back from the last minute, and 0 in the others. */
const inMinutes = (...when: number[]): (number | null)[] =>
  Array.from({ length: 1440 }, (_, minute) => (when.includes(1439 - minute) ? 1 : 0));

/**
 * For each alarm, series of values by minute (oldest first; null means no data): those that must raise the alarm, and those that must
 * not. The names have no node number at their end.
 */
const SCENARIOS: Record<string, { fault: (number | null)[][]; fine: (number | null)[][] }> = {
  'enclave-unhealthy': {
    fault: [times(5, 0), times(5, null), [1, 1, 0, null, 0, null, 0]],
    fine: [times(20, 1), [...times(10, 0), ...times(5, 1)], [0, 0, 0, 0, 1]],
  },
  'attestation-failing': {
    fault: [[1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1], times(15, 0), times(15, null)],
    fine: [times(15, 1), [...times(14, 1), 0]],
  },
  'clock-drift': { fault: [times(15, 5.1)], fine: [times(15, 5), times(15, null), [...times(14, 70), 0]] },
  'certificates-refused': { fault: [times(5, 1)], fine: [times(5, 0), times(5, null), [...times(4, 1), 0]] },
  'queue-old': { fault: [times(10, 601)], fine: [times(10, 599), times(10, null), [...times(9, 700), 5]] },
  'emergency-stop': {
    fault: [[0, 1]],
    fine: [
      [0, 0],
      [1, 0],
    ],
  },
  'budget-nearly-spent': { fault: [times(15, 0.81)], fine: [times(15, 0.79)] },
  'provider-fault': {
    fault: [
      [...times(14, 0), 1],
      [...times(10, 0), 1, ...times(4, 0)],
    ],
    fine: [times(15, 0), times(15, null)],
  },
  'model-off': { fault: [times(5, 1)], fine: [times(5, 0), [...times(4, 1), 0]] },
  'usage-statement-refused': { fault: [[...times(14, 0), 1]], fine: [times(15, 0), times(15, null)] },
  'tasks-overdue': { fault: [[...times(57, 0), 1, 1, 1]], fine: [[...times(58, 0), 1, 1], times(60, null)] },
  'residence-root-ending': {
    fault: [times(15, 345_599)],
    fine: [times(15, 345_601), [...times(14, 1), 1_209_600]],
  },
  'database-gone': { fault: [times(3, 0)], fine: [times(3, 1), [0, 0, 1]] },
  'redis-gone': { fault: [times(10, 1)], fine: [times(10, 0), [...times(9, 1), 0]] },
  'unexpected-errors': { fault: [[0, 0, 1, 0, 0]], fine: [times(5, 0), times(5, null), [1, 0, 0, 0, 0, 0]] },
  'gateway-crashed': { fault: [[null, 1, null, null, null]], fine: [times(5, 0), times(5, null)] },
  'parent-gone': { fault: [times(15, 0), times(15, null)], fine: [times(15, 9), [...times(14, 0), 9]] },
  'parent-disk': { fault: [times(15, 81)], fine: [times(15, 79)] },
  'parent-memory': { fault: [times(15, 91)], fine: [times(15, 89)] },
  'parent-never-attested': { fault: [[null, null, 1, null, null]], fine: [times(5, null), times(5, 0)] },
  'keys-watch-failing': { fault: [[null, null, null, 1, null]], fine: [times(5, null)] },
  'images-watch-failing': { fault: [[null, null, null, 1, null]], fine: [times(5, null)] },
  'certificate-renewal': { fault: [inMinutes(10, 400, 800)], fine: [inMinutes(10, 400), times(1440, null)] },
  'certificate-expiry': { fault: [[20, ...times(1439, null)]], fine: [[30, ...times(1439, null)]] },
  'database-disk': { fault: [times(15, 1e9)], fine: [times(15, 1e11)] },
  'redis-memory': { fault: [times(15, 81)], fine: [times(15, 79)] },
  // These three alarms change the number of parents and send no mail.
  'scaling-old': { fault: [times(3, 61)], fine: [times(3, 59), times(3, null)] },
  'scaling-deep': { fault: [times(3, 1001)], fine: [times(3, 999)] },
  'scaling-idle': { fault: [times(30, 0)], fine: [times(30, null), [...times(29, 0), 50]] },
};
const mailsPeople = (name: string): boolean => !name.startsWith('scaling-');
const scenarioName = (alarm: string): string => alarm.replace(/-\d{3}$/, '');

describe.each(STACK_SHAPES)('alarms of $title', ({ stack, changes }) => {
  let seen: Seen;
  let alarms: [string, AlarmInputs][];
  let emitted: Emitted[];

  beforeAll(async () => {
    seen = await runProgram(stack, stackConfig(root, stack, changes).values, { root, standIn: notBuilt });
    const of = <T>(type: string): T[] =>
      seen.resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs as T);
    alarms = of<AlarmInputs>('aws:cloudwatch/metricAlarm:MetricAlarm').map((alarm) => [
      alarm.name.slice(`communique-tee-${stack}-`.length).replace(/^alarm-/, ''),
      alarm,
    ]);
    const [group] = of<{ name: string }>('aws:autoscaling/group:Group');
    const onParent = of('aws:ebs/volume:Volume').length > 0;
    emitted = [
      ...emittedByAgent(cloudwatchAgent({ ...(onParent ? ON_PARENT : EXTERNAL), stack }, []), {
        stack,
        AutoScalingGroupName: String(group?.name),
      }),
      ...emittedByServices(seen.resources),
    ];
  });

  it('reads only metrics that are published, under their name, dimensions and values', () => {
    const wanted = alarms.map(([, { namespace, metricName, dimensions }]) => ({
      namespace,
      metric: metricName,
      dimensions,
    }));
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.filter((each) => !isEmitted(each, emitted))).toEqual([]);
  });

  it('raises each alarm only while its fault lasts', () => {
    const wrong = alarms.flatMap(([name, alarm]) => {
      const scenario = SCENARIOS[scenarioName(name)];
      if (scenario === undefined) return [`${name} has no scenario`];
      return [
        ...scenario.fault.filter((minutes) => !isInAlarm(alarm, minutes)).map(() => `${name} stays silent`),
        ...scenario.fine.filter((minutes) => isInAlarm(alarm, minutes)).map(() => `${name} is raised for nothing`),
      ];
    });
    expect(wrong).toEqual([]);
  });

  it('sets for every alarm how a period without data counts, and exactly one action', () => {
    for (const [, alarm] of alarms) {
      expect(['breaching', 'notBreaching', 'ignore']).toContain(alarm.treatMissingData);
      expect(alarm.alarmActions).toHaveLength(1);
    }
  });

  it('links each alarm to its section of the runbook', () => {
    const headings = runbookHeadings();
    for (const [name, { alarmDescription }] of alarms.filter(([each]) => mailsPeople(each))) {
      const section = scenarioName(name);
      expect(alarmDescription).toMatch(new RegExp(`${RUNBOOK}#${section}$`));
      expect(headings).toContain(section);
    }
  });

  it('sends only those gateway metrics that an alarm or the dashboard reads', () => {
    const dashboard = JSON.stringify(
      seen.resources.filter(({ type }) => type === 'aws:cloudwatch/dashboard:Dashboard').map(({ inputs }) => inputs),
    );
    const read = alarms.map(([, { metricName }]) => metricName);
    const unread = Object.keys(GATEWAY_METRICS).filter((name) => !read.includes(name) && !dashboard.includes(name));
    expect(unread).toEqual([]);
  });
});

it('the runbook has sections only for alarms that exist', () => {
  const others = ['key-changed', 'image-store-changed', 'budget'];
  expect(
    runbookHeadings()
      .filter((name) => !others.includes(name))
      .sort(),
  ).toEqual(Object.keys(SCENARIOS).filter(mailsPeople).sort());
});

function runbookHeadings(): string[] {
  const text = readFileSync(join(root, RUNBOOK), 'utf8');
  const section = text.slice(text.indexOf('\n## Alarms\n')).split('\n## ')[1] ?? '';
  return [...section.matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading);
}
