import {
  DescribeAddressesCommand,
  DescribeInstanceTypesCommand,
  paginateDescribeInstances,
  type Instance,
} from '@aws-sdk/client-ec2';
import { GetAWSDefaultServiceQuotaCommand, GetServiceQuotaCommand } from '@aws-sdk/client-service-quotas';
import { STACK_TAG } from '@communique-tee/key-policies';
import { awsCommand } from '../aws/command';
import { awsCode, explainAws } from '../aws/explain';
import { fail, pass, type Check, type Context } from '../check';

/** The quota of running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, in vCPUs. */
const STANDARD_VCPUS = 'L-1216C47A';
const ELASTIC_IPS = 'L-0263D0A3';
const STANDARD = /^(a|c|d|h|i|m|r|t|z)[^.]*\./;
/** Stops counting instances after this number of pages. */
const MOST_PAGES = 20;
/** EC2's limit for the values of one filter. */
const MOST_FILTER_VALUES = 200;

export const vcpuQuota: Check = {
  name: 'vcpu-quota',
  title: 'the quota of standard vCPUs (L-1216C47A) is enough for the stack’s instances, also while they are replaced',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const { instanceType, instancesWhileReplacing } = await context.plan();
    try {
      const each = (await defaultVcpus(context, [instanceType])).get(instanceType);
      if (each === undefined) return fail(`AWS knows no ${instanceType} here`, 'see instance-type');
      const quota = await quotaOf(context, STANDARD_VCPUS);
      const used = await usedByOthers(context);
      const wanted = each * instancesWhileReplacing;
      const sum = `${String(wanted)} vCPUs wanted (${String(instancesWhileReplacing)} ${instanceType} while replacing), ${String(used)} used by others, quota ${String(quota)}`;
      return wanted + used <= quota
        ? pass(sum)
        : fail(sum, 'ask for a higher quota; AWS takes hours to days', raise(context, STANDARD_VCPUS, wanted + used));
    } catch (error) {
      return explainAws(error, 'servicequotas:GetServiceQuota, ec2:DescribeInstances and ec2:DescribeInstanceTypes');
    }
  },
};

export const addressQuota: Check = {
  name: 'address-quota',
  title: 'the quota of Elastic IPs (L-0263D0A3) is enough for the stack',
  group: 'aws',
  network: true,
  needs: ['plan', 'account'],
  async run(context) {
    const { elasticIps } = await context.plan();
    try {
      const quota = await quotaOf(context, ELASTIC_IPS);
      const { Addresses: addresses = [] } = await context
        .aws()
        .ec2.send(new DescribeAddressesCommand({}), { abortSignal: context.signal });
      const own = addresses.filter(({ Tags }) =>
        Tags?.some(({ Key, Value }) => Key === STACK_TAG && Value === context.stack),
      );
      const others = addresses.length - own.length;
      const sum = `${String(elasticIps)} wanted (${String(own.length)} there already), ${String(others)} used by others, quota ${String(quota)}`;
      return Math.max(elasticIps, own.length) + others <= quota
        ? pass(sum)
        : fail(
            sum,
            'release addresses that are not in use, or ask for a higher quota; AWS takes hours to days',
            raise(context, ELASTIC_IPS, elasticIps + others),
          );
    } catch (error) {
      return explainAws(error, 'servicequotas:GetServiceQuota and ec2:DescribeAddresses');
    }
  },
};

const raise = ({ region }: Context, code: string, wanted: number): string =>
  awsCommand(
    region,
    'service-quotas request-service-quota-increase',
    ...['--service-code', 'ec2', '--quota-code', code, '--desired-value', String(wanted)],
  );

async function quotaOf(context: Context, code: string): Promise<number> {
  const { quotas } = context.aws();
  const ask = { ServiceCode: 'ec2', QuotaCode: code };
  const options = { abortSignal: context.signal };
  const value = await quotas.send(new GetServiceQuotaCommand(ask), options).then(
    ({ Quota: quota }) => quota?.Value,
    async (error: unknown) => {
      // NoSuchResourceException: the account has no quota of its own, so AWS's default applies.
      if (awsCode(error) !== 'NoSuchResourceException') throw error;
      return (await quotas.send(new GetAWSDefaultServiceQuotaCommand(ask), options)).Quota?.Value;
    },
  );
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new SyntaxError('no quota in the answer');
  return value;
}

/** Returns the default vCPUs by type, without the types that AWS does not know. */
async function defaultVcpus(context: Context, types: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (let at = 0; at < types.length; at += MOST_FILTER_VALUES) {
    // A filter, because a request that names an unknown type in its list of types fails.
    const filter = { Name: 'instance-type', Values: types.slice(at, at + MOST_FILTER_VALUES) };
    const { InstanceTypes: described = [] } = await context
      .aws()
      .ec2.send(new DescribeInstanceTypesCommand({ Filters: [filter] }), { abortSignal: context.signal });
    for (const { InstanceType: type, VCpuInfo: vcpus } of described)
      if (type !== undefined && vcpus?.DefaultVCpus !== undefined) found.set(type, vcpus.DefaultVCpus);
  }
  return found;
}

/** Returns the vCPUs of running standard instances that do not belong to this stack. */
async function usedByOthers(context: Context): Promise<number> {
  const others: Instance[] = [];
  let pages = 0;
  const states = { Name: 'instance-state-name', Values: ['pending', 'running'] };
  for await (const { Reservations: reservations = [] } of paginateDescribeInstances(
    { client: context.aws().ec2, pageSize: 1000 },
    { Filters: [states] },
    { abortSignal: context.signal },
  )) {
    others.push(
      ...reservations
        .flatMap(({ Instances: instances = [] }) => instances)
        .filter((instance) => counts(instance, context.stack)),
    );
    pages += 1;
    if (pages >= MOST_PAGES) break;
  }
  // For an instance that does not report its CPU options, count the default of its type.
  const untold = others.filter((instance) => cpusOf(instance) === undefined);
  const defaults = await defaultVcpus(context, [...new Set(untold.flatMap(({ InstanceType: type }) => type ?? []))]);
  return others.reduce((sum, one) => sum + (cpusOf(one) ?? defaults.get(one.InstanceType ?? '') ?? 1), 0);
}

const cpusOf = ({ CpuOptions: cpu }: Instance): number | undefined =>
  cpu?.CoreCount === undefined ? undefined : cpu.CoreCount * (cpu.ThreadsPerCore ?? 1);

const counts = (
  { InstanceType: type, InstanceLifecycle: lifecycle, Tags: tags = [] }: Instance,
  stack: string,
): boolean =>
  STANDARD.test(type ?? '') &&
  lifecycle !== 'spot' &&
  !tags.some(({ Key, Value }) => Key === STACK_TAG && Value === stack);
