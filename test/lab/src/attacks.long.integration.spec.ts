import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { asAttack, ATTACKS_FOLDER } from './load-attack';
import { processLabs } from './process-lab';
import { runAttack } from './run-attack';

/** Runs the attacks of test/lab/attacks that this machine can run, against the development build as a process. */

const folder = join(workspaceRoot(), ATTACKS_FOLDER);
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));

it('finds the attacks', () => {
  expect(files.length).toBeGreaterThan(5);
});

it.each(files)('%s', async (file) => {
  const { default: exported } = (await import(join(folder, file))) as { default: unknown };
  const reason = processLabs.cannotRun(asAttack(exported, file));
  if (reason !== null) {
    process.stderr.write(`\nSKIPPED: ${file}: ${reason}\n`);
    return;
  }
  const { verdict, error, expectations } = await runAttack(asAttack(exported, file), (attack) =>
    processLabs.open(attack),
  );
  expect(expectations.filter(({ held }) => !held)).toEqual([]);
  expect({ verdict, error }).toEqual({ verdict: 'held', error: undefined });
});
