import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2';
import type { Deployment } from '../deployment';
import { parentGroup } from './group';

const PCR0_TAG = 'communique-tee:pcr0';

/** PCR0 of each image that the stack's instances run, read from the tags of their template versions. @throws StepFailure */
export async function runningImages(deployment: Deployment): Promise<string[]> {
  const group = await parentGroup(deployment, `communique-tee-${deployment.stack}-parent`);
  const versions = [...new Set(group?.instances.flatMap(({ version }) => version ?? []))];
  const id = group?.templateId;
  if (id === undefined || versions.length === 0) return [];
  const { LaunchTemplateVersions: found = [] } = await deployment.ask('ec2:DescribeLaunchTemplateVersions', () =>
    deployment.aws().ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: versions }), {
      abortSignal: deployment.ports.interruption.signal,
    }),
  );
  const tags = found.flatMap(({ LaunchTemplateData: data }) =>
    (data?.TagSpecifications ?? []).flatMap(({ Tags = [] }) => Tags),
  );
  return [
    ...new Set(
      tags.flatMap(({ Key: key, Value: value }) =>
        key === PCR0_TAG && value !== undefined && /^[0-9a-f]{96}$/.test(value) ? [value] : [],
      ),
    ),
  ];
}
