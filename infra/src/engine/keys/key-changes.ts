import type { runtime } from '@pulumi/pulumi';
import { MockAws, type SeenResource } from '../../mock-aws';
import { notBuilt } from '../../config/stand-ins';
import { runProgram } from '../../preview/run-program';
import { stackConfig } from '../../preview/stack-config';
import { REPLACING } from '../aws/replacing';

/** How a stack's resources change when a configuration key gets a new value. Types are short (`ec2.Vpc`) and sorted. */
export interface KeyChange {
  readonly created: readonly string[];
  readonly deleted: readonly string[];
  /** Types of resources that are replaced because AWS cannot change them, or because they depend on a replaced one. */
  readonly replaced: readonly string[];
  /** Whether the parents are replaced. */
  readonly parents: boolean;
}

interface Made extends SeenResource {
  readonly id: string;
}

/** The AWS resources that the Pulumi program declares with these changes of the configuration. */
export async function programOf(root: string, stack: string, changes: readonly string[]): Promise<readonly Made[]> {
  const ids: string[] = [];
  const StandIn = class extends MockAws {
    override newResource(args: runtime.MockResourceArgs): { id: string; state: Record<string, unknown> } {
      const made = super.newResource(args);
      ids.push(made.id);
      return made;
    }
  };
  const { resources } = await runProgram(
    stack,
    stackConfig(root, stack, changes).values,
    { root, standIn: notBuilt },
    StandIn,
  );
  return resources.map((resource, index) => ({ ...resource, id: ids[index] ?? '' })).filter(isOfAws);
}

const isOfAws = ({ type }: SeenResource): boolean => type.startsWith('aws:');
const keyOf = ({ type, name }: SeenResource): string => `${type} ${name}`;
const shortType = (type: string): string => {
  const [, module = '', name = ''] = /^aws:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
  return `${module}.${name}`;
};

/** What changes from one program to the other. `../aws/replacing.ts` names the inputs that AWS's provider cannot change in place. */
export function changeBetween(before: readonly Made[], after: readonly Made[]): KeyChange {
  const [olds, news] = [before, after].map((made) => new Map(made.map((each) => [keyOf(each), each]))) as [
    Map<string, Made>,
    Map<string, Made>,
  ];
  const replaced = new Set<string>();
  for (let grown = true; grown;) {
    grown = false;
    const replacedIds = new Set([...replaced].map((key) => news.get(key)?.id ?? ''));
    for (const [key, now] of news) {
      const old = olds.get(key);
      if (old === undefined || replaced.has(key)) continue;
      const isReplaced = (REPLACING[now.type]?.inputs ?? []).some(
        (input) => text(old.inputs[input]) !== text(now.inputs[input]) || names(now.inputs[input], replacedIds),
      );
      if (isReplaced) grown = Boolean(replaced.add(key));
    }
  }
  const types = (keys: Iterable<string>): string[] =>
    [...new Set([...keys].map((key) => shortType(key.split(' ')[0] ?? '')))].sort();
  return {
    created: types([...news.keys()].filter((key) => !olds.has(key))),
    deleted: types([...olds.keys()].filter((key) => !news.has(key))),
    // Omit files: their keys contain their hash, so a changed file is a new object.
    replaced: types([...replaced].filter((key) => !key.includes('bucketObjectv2'))),
    parents: [...news].some(
      ([key, now]) =>
        now.type === 'aws:ec2/launchTemplate:LaunchTemplate' && text(olds.get(key)?.inputs) !== text(now.inputs),
    ),
  };
}

const text = (value: unknown): string => JSON.stringify(value) ?? '';
const names = (value: unknown, ids: ReadonlySet<string>): boolean =>
  /^"(?:[a-z]+-0|arn:)/.test(text(value)) && ids.has(String(value));
