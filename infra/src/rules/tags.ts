import { STACK_TAG } from '../names';
import { listOf, recordOf, unless, type ResourceRule } from './rule';

const TAGS = [STACK_TAG, 'Project', 'Environment', 'ManagedBy'];
/** What EC2 starts from a template gets no tags of a provider. */
const STARTED = ['instance', 'volume', 'network-interface'];

export const tagged: ResourceRule = {
  name: 'tagged',
  description:
    'Everything carries the stack, the project, its environment and who manages it, what instances bring along included: rights and the budget go by these.',
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
