import { PolicyPack, type PolicyProviderResource } from '@pulumi/policy';
import { RESOURCE_RULES, STACK_RULES, type RuleResource } from '../src/rules';
import { tagsOfProvider } from '../src/rules/seen-resources';

interface Analyzed {
  type: string;
  name: string;
  props: Readonly<Record<string, unknown>>;
  provider?: PolicyProviderResource;
  opts?: { readonly ignoreChanges: string[] };
}

const ruleResource = ({ type, name, props, provider, opts }: Analyzed): RuleResource => ({
  type,
  name,
  props,
  providerTags: provider ? tagsOfProvider(provider.props) : undefined,
  ...(opts && { ignored: opts.ignoreChanges }),
});

/**
 * The rules for `pulumi preview --policy-pack infra/policy-pack`, all mandatory. Pulumi applies a rule about one resource before it makes
 * the resource, and a rule about several resources when all are made. If a preview does not know a value yet, such as a policy with a new
 * ARN in it, Pulumi reports advice, and applies the rule at `pulumi up`.
 */
new PolicyPack('communique-tee', {
  enforcementLevel: 'mandatory',
  policies: [
    ...RESOURCE_RULES.map(({ name, description, check }) => ({
      name,
      description,
      validateResource: (args: Analyzed, report: (message: string) => void) => {
        for (const problem of check(ruleResource(args))) report(`${args.name}: ${problem}`);
      },
    })),
    ...STACK_RULES.map(({ name, description, checkStack }) => ({
      name,
      description,
      validateStack: ({ resources }: { resources: Analyzed[] }, report: (message: string) => void) => {
        for (const problem of checkStack(resources.map(ruleResource))) report(problem);
      },
    })),
  ],
});
