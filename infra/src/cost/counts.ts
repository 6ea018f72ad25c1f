import { GATEWAY_METRICS, LABEL_VALUES } from '../../parent/src/cloudwatch-agent';
import { alarmConditions } from '../components/alarm-conditions';
import { LOG_METRICS } from '../components/logs';
import type { Settings } from '../config/parse-settings';

/** The CloudWatch agent's metrics for memory, connections and a disk. There is one set for each instance, and one for the group. */
const AGENT_METRICS = 3;
const SCALING_ALARMS = 3;

type Counted = Pick<Settings, 'instances' | 'maxInstances' | 'database' | 'redis' | 'balancer' | 'production'>;

/**
 * The number of custom metrics. Parents share the gateway's metrics, which have no dimension for the instance. An instance that replaces
 * another one has new metrics, which are not counted here.
 */
export function customMetricsOf({ instances, database }: Pick<Counted, 'instances' | 'database'>): number {
  const ofGateway = Object.values(GATEWAY_METRICS)
    .map((labels) => labels.reduce((product, label) => product * LABEL_VALUES[label], 1))
    .reduce((sum, each) => sum + each, 0);
  const ofInstance = AGENT_METRICS + (database === 'parent' ? 1 : 0);
  return ofGateway + Object.keys(LOG_METRICS).length + instances * ofInstance + AGENT_METRICS;
}

export function alarmsOf({ instances, maxInstances, database, redis, balancer, production }: Counted): number {
  const conditions = alarmConditions({
    stack: '',
    groupName: '',
    instances,
    watchRules: { keys: '', images: '' },
    ...(balancer !== 'none' && { certificateArn: '' }),
    ...(database === 'managed' && { databaseIdentifier: '' }),
    ...(redis === 'managed' && { redis: { identifier: '', nodes: production ? 2 : 1 } }),
  });
  return Object.keys(conditions).length + (maxInstances > instances ? SCALING_ALARMS : 0);
}
