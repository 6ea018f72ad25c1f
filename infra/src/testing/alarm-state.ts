/** The inputs of an alarm that determine its state. */
export interface AlarmInputs {
  name: string;
  namespace: string;
  metricName: string;
  dimensions: Record<string, string>;
  statistic: 'Maximum' | 'Minimum' | 'Average' | 'Sum';
  comparisonOperator: 'GreaterThanThreshold' | 'LessThanThreshold';
  threshold: number;
  period: number;
  evaluationPeriods: number;
  treatMissingData: 'breaching' | 'notBreaching' | 'ignore' | 'missing';
  alarmDescription: string;
  alarmActions: string[];
}

const STATISTICS = {
  Maximum: (values: number[]) => Math.max(...values),
  Minimum: (values: number[]) => Math.min(...values),
  Sum: (values: number[]) => values.reduce((sum, value) => sum + value, 0),
  Average: (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length,
};

/**
 * Whether an alarm is in the state ALARM after these minutes, oldest first; `null` is a minute without data. All of the last
 * `evaluationPeriods` periods must breach ("Evaluating an alarm" in CloudWatch's documentation, with as many datapoints to alarm as
 * periods). CloudWatch also uses a few older periods instead of missing ones, which only matters at the edges of a gap.
 */
export function isInAlarm(alarm: AlarmInputs, minutes: readonly (number | null)[]): boolean {
  const length = alarm.period / 60;
  const breaches: boolean[] = [];
  for (let period = 0; period < alarm.evaluationPeriods; period++) {
    const end = minutes.length - period * length;
    const values = minutes.slice(Math.max(end - length, 0), Math.max(end, 0)).filter((value) => value !== null);
    if (values.length === 0) {
      if (alarm.treatMissingData === 'ignore') continue;
      breaches.push(alarm.treatMissingData === 'breaching');
    } else {
      const value = STATISTICS[alarm.statistic](values);
      breaches.push(
        alarm.comparisonOperator === 'GreaterThanThreshold' ? value > alarm.threshold : value < alarm.threshold,
      );
    }
  }
  return breaches.length > 0 && breaches.every(Boolean);
}
