import { fail, pass, type Check, type Finding } from '../check';
import { PlanRefused, PlanTimeLimitError } from '../plan/read-plan';

const TO_REPLACE = /(^|[.@/])example\.(org|com|net)(\W|$)/;

/** Checks the stack's configuration: infra's own preview, values left over from the example, and unencrypted secrets. */
export const configuration: Check = {
  name: 'configuration',
  title:
    'Pulumi.<stack>.yaml can work: infra accepts it, with its instance type, CPUs and memory; no example.org is left',
  group: 'here',
  network: false,
  async run(context) {
    const { stackFile, stack } = context;
    const file = `Pulumi.${stack}.yaml`;
    const findings: Finding[] = [];
    const examples = [...stackFile.values].filter(([, value]) => TO_REPLACE.test(value)).map(([key]) => key);
    if (examples.length > 0)
      findings.push(fail(`names of example.org are left: ${examples.join(', ')}`, `put yours into ${file}`));
    for (const [key, how] of stackFile.secrets) {
      if (how === 'in the clear')
        findings.push(
          fail(
            `${key} is in ${file} unencrypted`,
            'anyone with the file or its history has this secret: change it where it is used, then store the new one (the command asks for it)',
            `pulumi config set --stack ${stack} --secret ${key}`,
          ),
        );
    }
    try {
      const plan = await context.plan();
      if (plan.redis === 'managed' && !stackFile.secrets.has('redisAuthToken'))
        findings.push(
          fail(
            'redisAuthToken is not set, and Redis is managed',
            'set it: 16 to 128 letters and digits',
            `pulumi config set --stack ${stack} --secret redisAuthToken "$(openssl rand -hex 32)"`,
          ),
        );
      findings.unshift(
        pass(
          `${plan.instanceType} (${plan.architecture}), ${String(plan.instances)} of at most ${String(plan.maxInstances)}, PostgreSQL ${plan.database}, Redis ${plan.redis}, ${stackFile.region ?? 'no region'}`,
        ),
      );
    } catch (error) {
      if (error instanceof PlanTimeLimitError)
        return [...findings, fail(error.found, '--timeout <seconds> waits longer')];
      if (!(error instanceof PlanRefused)) throw error;
      findings.push(
        ...error.problems.map((problem) =>
          fail(problem, `change it in ${file}; this tells what each key means`, 'npm run ops -- preview --help'),
        ),
      );
    }
    return findings;
  },
};
