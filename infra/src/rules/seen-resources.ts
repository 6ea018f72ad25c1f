import type { SeenResource } from '../mock-aws';
import { recordOf, type RuleResource } from './rule';

/** Turns the resources of a run against the stand-in for AWS into those that rules check. */
export function ruleResources(seen: readonly SeenResource[]): RuleResource[] {
  const tags = new Map(
    seen
      .filter(({ type }) => type === 'pulumi:providers:aws')
      .map(({ name, inputs }) => [name, tagsOfProvider(inputs)]),
  );
  return seen.map(({ type, name, inputs, provider }) => ({
    type,
    name,
    props: inputs,
    providerTags: tags.get(nameOfProvider(provider)),
  }));
}

/** The provider's default tags. A provider's inputs are all text: lists and maps are JSON. */
export function tagsOfProvider({ defaultTags }: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const parsed: unknown = typeof defaultTags === 'string' ? JSON.parse(defaultTags) : defaultTags;
  return Object.fromEntries(
    Object.entries(recordOf(recordOf(parsed).tags)).map(([tag, value]) => [tag, String(value)]),
  );
}

/** The name in a reference `urn:pulumi:<stack>::<project>::<type>::<name>::<id>`. */
const nameOfProvider = (reference: string | undefined): string => reference?.split('::')[3] ?? '';
