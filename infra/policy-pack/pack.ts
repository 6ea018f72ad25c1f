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
 * The rules for `pulumi preview --policy-pack infra/policy-pack`. Pulumi checks a rule about one resource before it makes the resource, and
 * a rule about the stack after it made all resources. A preview does not know some values yet, such as new ARNs. A rule about such a value
 * is only advice in the preview, and is checked by `pulumi up`.
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
