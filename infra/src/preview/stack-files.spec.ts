import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { load } from 'js-yaml';
import * as z from 'zod';
import { yesNo } from '../config/values';
import { stackConfig } from './stack-config';

const root = workspaceRoot();

describe.each(['dev', 'staging', 'prod'])('Pulumi.%s.yaml', (stack) => {
  const file = z
    .object({ config: z.record(z.string(), z.unknown()) })
    .parse(load(readFileSync(join(root, `Pulumi.${stack}.yaml`), 'utf8')));

  it('has only texts and lists of texts, which `pulumi config set` writes back with the same meaning', () => {
    const others = Object.entries(file.config).filter(
      ([, value]) => !z.union([z.string(), z.array(z.string())]).safeParse(value).success,
    );
    expect(others).toEqual([]);
  });

  it('has no secrets provider, because each operator chooses one', () => {
    expect(Object.keys(file)).toEqual(['config']);
  });
});

it('reads a value with quotes like one without quotes', () => {
  expect([yesNo.parse('true'), yesNo.parse('false')]).toEqual([true, false]);
  const { values } = stackConfig(root, 'dev', []);
  expect([values['communique-tee:production'], values['communique-tee:monthlyBudgetUsd']]).toEqual(['false', '100']);
});
