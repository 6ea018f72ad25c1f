import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';

const costSchema = z.object({
  asOf: z.string(),
  items: z.array(
    z.object({ item: z.string(), count: z.number(), price: z.string(), monthlyUsd: z.string().nullable() }),
  ),
  knownUsd: z.string(),
});
export type Cost = z.infer<typeof costSchema>;

/** What `npm run ops -- cost --stack <stack> --json` says. */
export async function costOf(stack: string): Promise<Cost> {
  const root = workspaceRoot();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, 'tools/run.mjs'), join(root, 'tools/ops/main.ts'), 'cost', '--stack', stack, '--json'],
    { cwd: root },
  );
  return costSchema.parse(JSON.parse(stdout));
}

/** As docs/operator/costs.md has it. */
export function costTable(stack: string, { items, knownUsd }: Cost): string {
  return [
    `## ${stack}: ${knownUsd}${items.some(({ monthlyUsd }) => monthlyUsd === null) ? ' and what is unknown' : ''}`,
    '',
    `    npm run ops -- cost --stack ${stack}`,
    '',
    '| item | count | each | a month |',
    '|---|---:|---|---:|',
    ...items.map(
      ({ item, count, price, monthlyUsd }) => `| ${item} | ${String(count)} | ${price} | ${monthlyUsd ?? 'unknown'} |`,
    ),
    `| what is known, together | | | ${knownUsd} |`,
    '',
  ].join('\n');
}
