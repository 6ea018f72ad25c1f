import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { THEMES } from './steps';

const page = readFileSync(join(workspaceRoot(), 'docs/operator/first-hour.md'), 'utf8');

/** Each step of the page: the name after `###`, and the first indented line after the name. */
const told = [...page.matchAll(/^### ([a-z-]+)\n[^]*?^ {4}(.+)$/gm)].map(([, name, command]) => ({ name, command }));

it('first-hour.md lists every step of the program in the program’s order, each with its shell command', () => {
  const steps = THEMES.flatMap(({ steps: all }) => all.map(({ name, command }) => ({ name, command })));
  expect(told).toEqual(steps);
});

it('first-hour.md has a heading for each theme, in the program’s order', () => {
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  expect(headings.filter((title) => THEMES.some((theme) => theme.title === title))).toEqual(
    THEMES.map(({ title }) => title),
  );
});

it.each(THEMES.flatMap(({ steps }) => steps))(
  'first-hour.md says what $name shows, changes and should print, and what is unproven',
  (step) => {
    const [, section = ''] = new RegExp(`^### ${step.name}\\n([^]*?)(?=^##|$(?![^]))`, 'm').exec(page) ?? [];
    for (const text of [step.shows, step.expected, step.assumption, step.changes ?? ''])
      expect(section).toContain(text);
  },
);

it('first-hour.md names the same monthly price as costs.md, and the price of one hour', () => {
  const costs = readFileSync(join(workspaceRoot(), 'docs/operator/costs.md'), 'utf8');
  const month = /^## dev: ([\d.]+)$/m.exec(costs)?.[1] ?? 'none';
  expect(page).toContain(`lists a month: ${month} dollars, which is ${(Number(month) / 730).toFixed(2)} an hour`);
});
