import { WILDCARD_RESOURCES } from '../policies/wildcard-resources';
import { statementsOf } from './policies-of';
import { unless, type ResourceRule } from './rule';

export const noWildcardAction: ResourceRule = {
  name: 'no-wildcard-action',
  description: 'Every action that a policy allows is named.',
  check: (resource) =>
    statementsOf(resource)
      .filter(({ allows }) => allows)
      .flatMap(({ sid, actions, inverted }) => [
        ...actions.filter((action) => /[*?]/.test(action)).map((action) => `${sid} allows ${action}`),
        ...inverted.map((what) => `${sid} uses ${what}, which allows everything but its list`),
      ]),
};

export const wildcardResourceListed: ResourceRule = {
  name: 'wildcard-resource-listed',
  description:
    'A policy names its resources, except for actions for which AWS accepts only `*` (src/policies/wildcard-resources.ts).',
  check(resource) {
    // In a key's own policy, `*` means that key.
    if (resource.type === 'aws:kms/key:Key') return [];
    return statementsOf(resource)
      .filter(({ allows, resources }) => allows && resources.includes('*'))
      .flatMap(({ sid, actions }) =>
        actions.flatMap((action) =>
          unless(WILDCARD_RESOURCES[action] !== undefined, `${sid} allows ${action} on everything`),
        ),
      );
  },
};
