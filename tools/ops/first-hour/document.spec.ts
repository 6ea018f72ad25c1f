import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { THEMES } from './steps';

const page = readFileSync(join(workspaceRoot(), 'docs/operator/first-hour.md'), 'utf8');

/** `### name`, and the first indented line after it. */
const told = [...page.matchAll(/^### ([a-z-]+)\n[^]*?^ {4}(.+)$/gm)].map(([, name, command]) => ({ name, command }));

it('has the steps of the command, in their order, with their commands', () => {
  const steps = THEMES.flatMap(({ steps: all }) => all.map(({ name, command }) => ({ name, command })));
  expect(told).toEqual(steps);
});

it('has the themes as headings, in their order', () => {
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  expect(headings.filter((title) => THEMES.some((theme) => theme.title === title))).toEqual(
    THEMES.map(({ title }) => title),
  );
});

it.each(THEMES.flatMap(({ steps }) => steps))('tells what to expect of $name, and what is unproven', (step) => {
  const [, section = ''] = new RegExp(`^### ${step.name}\\n([^]*?)(?=^##|$(?![^]))`, 'm').exec(page) ?? [];
  for (const text of [step.shows, step.expected, step.assumption, step.changes ?? '']) expect(section).toContain(text);
});

it('names the month’s price as costs.md does, and the hour’s', () => {
  const costs = readFileSync(join(workspaceRoot(), 'docs/operator/costs.md'), 'utf8');
  const month = /^## dev: ([\d.]+)$/m.exec(costs)?.[1] ?? 'none';
  expect(page).toContain(`lists a month: ${month} dollars, which is ${(Number(month) / 730).toFixed(2)} an hour`);
});
