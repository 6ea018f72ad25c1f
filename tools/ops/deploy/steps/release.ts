import { releaseIsStale } from '../artifacts';
import { runOwn } from '../own-commands';
import { StepFailure, type Step } from '../step';

const isOfRelease = (problem: string): boolean => problem.startsWith('releaseFile');

/** Builds the release, which contains the programs of the parents. */
export const release: Step = {
  name: 'release',
  title: 'build the parents’ release, unless one of this commit exists',
  byHand: ['npm run ops -- release --arch arm64'],
  async run(deployment) {
    const { architecture, artifactProblems, referenceString } = await deployment.plan();
    const { values } = deployment.options.stackFile;
    const given = values.has('releaseFile');
    const proves = (values.get('residence') ?? 'off') !== 'off';
    const why = given
      ? undefined
      : ((await releaseIsStale(deployment, architecture)) ??
        artifactProblems.find(isOfRelease) ??
        (proves && referenceString === false
          ? 'residence is on, and the existing release has no reference string'
          : undefined));
    if (why !== undefined) {
      deployment.say(`building the release: ${why}`);
      const args = ['release', '--arch', architecture, ...(proves ? ['--reference-string'] : [])];
      const { code } = await runOwn(deployment, 'ops', args);
      if (code !== 0) throw new StepFailure('the release was not built; the reason is above');
      deployment.forgetPlan();
    }
    const { artifactProblems: left } = await deployment.plan();
    if (left.length > 0)
      throw new StepFailure(
        'the stack cannot run this image and release',
        left.map((problem) => `- ${problem}`),
      );
    if (why === undefined) deployment.say(given ? 'releaseFile names the release' : 'the release is of this commit');
  },
};
