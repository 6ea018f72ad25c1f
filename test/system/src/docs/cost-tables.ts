import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';

const costSchema = z.object({
  items: z.array(
    z.object({
      item: z.string(),
      count: z.number(),
      price: z.string(),
      monthlyUsd: z.string().nullable(),
      source: z.number().nullable(),
    }),
  ),
  knownUsd: z.string(),
  byUse: z.array(z.object({ item: z.string(), rate: z.string(), source: z.number() })),
  sources: z.array(z.object({ asOf: z.string(), what: z.string() })),
});
export type Cost = z.infer<typeof costSchema>;

/** Returns the output of `npm run ops -- cost --stack <stack> --json`. */
export async function costOf(stack: string): Promise<Cost> {
  const root = workspaceRoot();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, 'tools/run.mjs'), join(root, 'tools/ops/main.ts'), 'cost', '--stack', stack, '--json'],
    { cwd: root },
  );
  return costSchema.parse(JSON.parse(stdout));
}

/** Returns the table of a stack as docs/operator/costs.md contains it. */
export function costTable(stack: string, { items, knownUsd, byUse }: Cost): string {
  return [
    `## ${stack}: ${knownUsd}${items.some(({ monthlyUsd }) => monthlyUsd === null) ? ' and what is unknown' : ''}`,
    '',
    `    npm run ops -- cost --stack ${stack}`,
    '',
    '| item | count | each | a month | source |',
    '|---|---:|---|---:|---|',
    ...items.map(
      ({ item, count, price, monthlyUsd, source }) =>
        `| ${item} | ${String(count)} | ${price} | ${monthlyUsd ?? 'unknown'} | ${source === null ? '' : String(source)} |`,
    ),
    `| total of the known prices | | | ${knownUsd} | |`,
    '',
    'Not in the total, because it depends on use:',
    '',
    '| item | dollars | source |',
    '|---|---|---|',
    ...byUse.map(({ item, rate, source }) => `| ${item} | ${rate} | ${String(source)} |`),
    '',
  ].join('\n');
}

/** Returns the list of sources as the end of docs/operator/costs.md contains it. */
export const sourceList = ({ sources }: Cost): string =>
  sources.map(({ asOf, what }, at) => `${String(at + 1)}. ${asOf}: ${what}`).join('\n');
