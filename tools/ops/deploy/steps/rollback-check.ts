import { listOf } from '../../preflight/plan/stack-file';
import { imageFolder, readMeasurements } from '../artifacts';
import { runningImages } from '../rollout/running-images';
import { StepFailure, type Step } from '../step';

/** Checks that the setting acceptedPcr0 keeps the image that runs now, because a rollback would make it run again. */
export const rollbackCheck: Step = {
  name: 'way-back',
  title: 'check that the running image stays accepted, so that AWS can roll back to it',
  byHand: [],
  async run(deployment) {
    const { stack, options } = deployment;
    const built = await readMeasurements(imageFolder(deployment, await deployment.plan()).path);
    const accepted = listOf(options.stackFile, 'acceptedPcr0').map((pcr0) =>
      pcr0.replace(/^sha384:/, '').toLowerCase(),
    );
    const running = await runningImages(deployment);
    const dropped = running.filter((pcr0) => pcr0 !== built?.pcr0 && !accepted.includes(pcr0));
    if (running.length === 0) deployment.say('no image runs yet');
    else if (dropped.length === 0) deployment.say('the running image stays accepted');
    else if (options.dropOldImage)
      deployment.say(`PCR0 ${dropped.join(', ')} runs now and is no longer accepted, as --drop-old-image says`);
    else
      throw new StepFailure(
        'the image that runs now would no longer be accepted: while parents are replaced it would lose its keys, and AWS could not roll back to it',
        [
          ...dropped.map(
            (pcr0, at) =>
              `pulumi config set --path 'acceptedPcr0[${String(accepted.length + at)}]' ${pcr0} --stack ${stack}`,
          ),
          'If the running image must open no further message, continue with --drop-old-image.',
        ],
      );
  },
};
