import { STACK_TAG } from '../names';
import { listOf, recordOf, unless, type ResourceRule } from './rule';

const TAGS = [STACK_TAG, 'Project', 'Environment', 'ManagedBy'];
/** EC2 makes these from a launch template. They do not get the provider's tags. */
const STARTED = ['instance', 'volume', 'network-interface'];

export const tagged: ResourceRule = {
  name: 'tagged',
  description:
    'Every resource, also an instance’s volumes and network interfaces, has tags for stack, project, environment and manager. Permissions and the budget depend on them.',
  check({ type, props, providerTags }) {
    if (!type.startsWith('aws:')) return [];
    const tags = { ...providerTags, ...recordOf(props.tags) };
    const specifications = listOf(props.tagSpecifications).map(recordOf);
    return [
      ...TAGS.flatMap((tag) => unless(typeof tags[tag] === 'string' && tags[tag] !== '', `has no tag ${tag}`)),
      ...(type === 'aws:ec2/launchTemplate:LaunchTemplate'
        ? STARTED.flatMap((kind) =>
            unless(
              specifications.some(
                ({ resourceType, tags: given }) =>
                  resourceType === kind && TAGS.every((tag) => recordOf(given)[tag] === tags[tag]),
              ),
              `starts each ${kind} without the stack's tags`,
            ),
          )
        : []),
    ];
  },
};
