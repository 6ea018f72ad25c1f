import { fail, pass, warn, type Check, type Context } from '../check';

const version = async (
  { ports, signal }: Context,
  command: string,
  args: readonly string[],
): Promise<{ found: boolean; version?: string }> => {
  const { code, stdout } = await ports.runProgram(command, args, { signal });
  const [, text] = /(?:^|[/\sv])(\d{1,4}\.\d{1,4}\.\d{1,4})/.exec(stdout) ?? [];
  // A program that prints its version exists, whatever its exit code.
  return { found: code === 0 || text !== undefined, ...(text !== undefined && { version: text }) };
};

const major = (text: string): number => Number(text.split('.')[0]);

export const pulumi: Check = {
  name: 'pulumi',
  title: 'the Pulumi CLI is installed, version 3 or newer',
  group: 'here',
  network: false,
  async run(context) {
    const seen = await version(context, 'pulumi', ['version']);
    if (!seen.found)
      return fail(
        'pulumi does not run',
        'install the Pulumi CLI (https://www.pulumi.com/docs/iac/download-install/); preflight, preview and cost do not need it',
      );
    if (seen.version === undefined)
      return warn('pulumi does not print its version', 'run pulumi version: it must print 3 or newer');
    return major(seen.version) >= 3
      ? pass(seen.version)
      : fail(`${seen.version}, and 3 is needed`, 'update the Pulumi CLI');
  },
};

export const awsCli: Check = {
  name: 'aws-cli',
  title: 'the AWS CLI is installed, version 2 or newer',
  group: 'here',
  network: false,
  async run(context) {
    const seen = await version(context, 'aws', ['--version']);
    const todo = 'install version 2 of the AWS CLI: you need it to store secrets, and to open sessions on the parent';
    if (!seen.found || seen.version === undefined) return warn('the AWS CLI does not run', todo);
    return major(seen.version) >= 2
      ? pass(seen.version)
      : warn(`${seen.version}, but the commands in the docs need version 2`, todo);
  },
};

export const git: Check = {
  name: 'git',
  title: 'everything is committed, so that others can rebuild what is deployed',
  group: 'here',
  network: false,
  async run({ ports, signal }) {
    const { code, stdout } = await ports.runProgram('git', ['status', '--porcelain'], { signal });
    if (code !== 0)
      return warn(
        'git cannot tell what has changed here',
        'deploy from a clone, so that you know which commit is deployed',
      );
    const changed = stdout.split('\n').filter((line) => line !== '').length;
    if (changed > 0)
      return warn(
        `${String(changed)} file(s) differ from the last commit`,
        'commit them and build again: others cannot rebuild an image from files that only this machine has',
      );
    const head = await ports.runProgram('git', ['rev-parse', '--short=12', 'HEAD'], { signal });
    return pass(`clean at ${/^[0-9a-f]{7,40}/.exec(head.stdout)?.[0] ?? 'the last commit'}`);
  },
};
