import { workspaceRoot } from '@communique-tee/testing/harness';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { costOf, costTable, sourceList } from './cost-tables';

const PAGE = join(workspaceRoot(), 'docs/operator/costs.md');

it.each(['dev', 'staging', 'prod'])(
  'docs/operator/costs.md contains the table that the command prints for %s',
  async (stack) => {
    // If this fails, copy the expected table into the page.
    const table = costTable(stack, await costOf(stack));
    const page = await readFile(PAGE, 'utf8');
    const from = page.indexOf(`## ${stack}:`);
    expect(page.slice(from, from + table.length)).toBe(table);
  },
);

it('docs/operator/costs.md names the source and the day of each price', async () => {
  expect(await readFile(PAGE, 'utf8')).toContain(`\n${sourceList(await costOf('dev'))}\n`);
});
