import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandLine, EXIT_CODES, UsageError, writableFolder } from '@communique-tee/command-line';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { referenceStringForTests } from '@communique-tee/residence/testing';
import { startPageSystem, type PageSystem } from './page-system';
import { startResidencePageSystem } from './residence-page-system';
import { RESIDENCE_STATES } from './residence-states';
import { Sender, type Language } from './sender';
import { STATES, type PageState } from './states';

const WIDTHS = [1280, 390, 320] as const;
const THEMES = ['light', 'dark'] as const;
const LANGUAGES: readonly Language[] = ['en', 'es'];

interface Options {
  readonly folder: string;
  readonly state?: readonly string[];
  readonly language?: readonly string[];
}

const line = new CommandLine(
  'node tools/run.mjs test/e2e/src/page/screenshots.ts',
  `Starts the system and draws the page in every state, in Chromium: ${WIDTHS.join(', ')} px wide, light and dark, in each language. axe examines each state in each language and theme. A picture is named <state>-<language>-<width>-<theme>.png.`,
);
line.program
  .option('--folder <folder>', 'folder for the pictures', join(workspaceRoot(), '.dev/pictures'))
  .option('--state <names...>', 'only these states (a name, or the beginning of names)')
  .option('--language <codes...>', 'only these languages')
  .addHelpText(
    'after',
    `\nStates\n${[...STATES, ...RESIDENCE_STATES].map(({ name }) => `  ${name}\n`).join('')}${EXIT_CODES}`,
  )
  .action(line.run(draw));
process.exitCode = await line.parse(process.argv.slice(2));

async function draw(options: Options): Promise<number> {
  const asked = ({ name }: { readonly name: string }) => options.state?.some((begin) => name.startsWith(begin)) ?? true;
  const [states, proving] = [STATES.filter(asked), RESIDENCE_STATES.filter(asked)];
  if (states.length + proving.length === 0)
    throw new UsageError('--state: no state has such a name; --help lists them');
  const languages = LANGUAGES.filter((code) => options.language?.includes(code) ?? true);
  if (languages.length === 0) throw new UsageError(`--language takes ${LANGUAGES.join(' and ')}`);
  const folder = writableFolder('--folder', options.folder);
  await mkdir(folder, { recursive: true });
  let failed = await drawStates(() => startPageSystem(), states, languages, folder);
  const referenceString = referenceStringForTests();
  if (referenceString !== undefined)
    failed += await drawStates(() => startResidencePageSystem(referenceString, 'optional'), proving, languages, folder);
  else if (proving.length > 0)
    process.stdout.write('residence-*: left out, because there is no reference string for proofs\n');
  return failed === 0 ? 0 : 1;
}

/** @returns how many states had an error, counted once for each language */
async function drawStates<On extends PageSystem>(
  start: () => Promise<On>,
  states: readonly PageState<On>[],
  languages: readonly Language[],
  folder: string,
): Promise<number> {
  if (states.length === 0) return 0;
  const system = await start();
  let failed = 0;
  try {
    for (const state of states) {
      for (const language of languages) {
        const wrongs = await drawState(system, state, language, folder);
        failed += wrongs.length > 0 ? 1 : 0;
        process.stdout.write(`${state.name} ${language}${wrongs.map((wrong) => `\n  ${wrong}`).join('')}\n`);
      }
    }
  } finally {
    await system.stop();
  }
  return failed;
}

/** @returns the errors of this state in this language */
async function drawState<On extends PageSystem>(
  on: On,
  { name, reach }: PageState<On>,
  language: Language,
  folder: string,
): Promise<readonly string[]> {
  await using tab = await on.open({ viewport: { width: WIDTHS[0], height: 900 }, locale: language });
  const { page, wrongs } = tab;
  try {
    await reach({ on, page, sender: new Sender(page, language) });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate('scrollTo(0, 0)');
        await page.screenshot({
          path: join(folder, `${name}-${language}-${String(width)}-${colorScheme}.png`),
          fullPage: true,
        });
      }
      const overflow = await page.evaluate<boolean>(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth',
      );
      if (overflow) wrongs.push(`scrolls sideways at ${String(width)} px`);
    }
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme });
      for (const violation of await on.violations(page)) wrongs.push(`axe, ${colorScheme}: ${violation}`);
    }
  } catch (error) {
    wrongs.push(`not reached: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
    await page
      .screenshot({ path: join(folder, `${name}-${language}-FAILED.png`), fullPage: true })
      .catch(() => undefined);
  }
  return wrongs;
}
