/** Tools of others, from PyPI and npm, that judge this system: installed by `npm run lab -- judges` into the user's cache, never by a spec. */
export { describeWithJudge } from './describe-with-judge';
export { installJudge } from './install-judge';
export { findJudge, type Absent, type Installed } from './installed';
export { JUDGES, type Judge, type NpmJudge, type PythonJudge } from './judges';
export { installPulumi } from './pulumi-cli/install-pulumi';
export { keptPulumi, PULUMI_VERSION, type PulumiCli } from './pulumi-cli/kept-pulumi';
