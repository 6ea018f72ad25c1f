/** Other projects' tools that check this system. `npm run lab -- judges` installs them from PyPI and npm into the user's cache. */
export { describeWithJudge } from './describe-with-judge';
export { installJudge } from './install-judge';
export { findJudge, type Absent, type Installed } from './installed';
export { JUDGES, type Judge, type NpmJudge, type PythonJudge } from './judges';
export { installPulumi } from './pulumi-cli/install-pulumi';
export { keptPulumi, PULUMI_VERSION, type PulumiCli } from './pulumi-cli/kept-pulumi';
