import { cp } from 'node:fs/promises';
import { imageFolder, imageIsStale, readMeasurements } from '../artifacts';
import { runOwn } from '../own-commands';
import { StepFailure, type Step } from '../step';

const isOfImage = (problem: string): boolean => !problem.startsWith('releaseFile');

export const image: Step = {
  name: 'image',
  title: 'build the enclave’s image, unless it is of this commit and this configuration',
  byHand: ['npm run image -- build --stack <stack> --arch arm64'],
  async run(deployment) {
    const plan = await deployment.plan();
    const { path, shown, given } = imageFolder(deployment, plan);
    const before = await readMeasurements(path);
    const problems = plan.artifactProblems.filter(isOfImage);
    const why = given ? undefined : ((await imageIsStale(deployment, before)) ?? problems[0]);
    if (why !== undefined) {
      deployment.say(`building the image: ${why}`);
      // Keep the previous image: a rollback needs it.
      if (before !== undefined) await cp(path, `${path}-${before.pcr0.slice(0, 12)}`, { recursive: true });
      const args = ['build', '--stack', deployment.stack, '--arch', plan.architecture];
      const { code } = await runOwn(deployment, 'image', args);
      if (code !== 0) throw new StepFailure('the image was not built; the reason is above');
      deployment.forgetPlan();
    }
    const left = (await deployment.plan()).artifactProblems.filter(isOfImage);
    if (left.length > 0)
      throw new StepFailure(
        given ? `imageFolder (${shown}) holds no image that this stack can run` : 'the stack cannot run this image',
        left.map((problem) => `- ${problem}`),
      );
    const built = await readMeasurements(path);
    if (built === undefined) throw new StepFailure(`${shown} has no measurements.json that can be read`);
    deployment.say(`${given ? 'as imageFolder names it: ' : ''}PCR0 ${built.pcr0}`);
    if (before !== undefined && before.pcr0 !== built.pcr0)
      deployment.say(`the previous image is kept in ${shown}-${before.pcr0.slice(0, 12)}`);
  },
};
