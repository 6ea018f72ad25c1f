import { workspaceRoot } from '@communique-tee/testing/harness';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LogLines, PART_NAMES, type PartName } from './log-lines';
import { NotReady, runParts, type DevOptions } from './run-parts';

const HELP = `Every part on this machine, in one terminal: PostgreSQL, the Congress simulator, the enclave on a mock NSM, the gateway with
its page. Enclave, gateway and page are built and started again when a source changes.

  npm run dev
  npm run dev -- --without gateway    the others, for npx nx serve gateway in another terminal

  --without <part>      ${PART_NAMES.join(', ')}; as often as wanted
  --inspect[=<part>]    Node's inspector on 127.0.0.1: gateway (the default) on port 9229, enclave on 9230; as often as wanted
  --folder <folder>     where keys, database, logs and configuration are kept (default .dev)
  --help

The gateway's environment, and with it the ports, is that of .env, or of .env.example where there is no .env; what is set in the
environment of this command comes first, e.g. PORT=3002 npm run dev.
`;

const INSPECTOR_PORTS = { gateway: 9229, enclave: 9230 } as const;

const lines = new LogLines((text) => process.stdout.write(text), process.stdout.isTTY);
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      resolve();
    });
});

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'number') return options;
  const starting = runParts(options, lines, process.env);
  let stop: (() => Promise<void>) | undefined;
  try {
    stop = await Promise.race([starting, stopped.then(() => undefined)]);
  } catch (error) {
    process.stderr.write(`${wordsOf(error)}\n`);
    return 1;
  }
  if (stop === undefined) {
    // Asked to end while it starts: what runs by then ends first
    stop = await starting.catch(() => undefined);
  } else await stopped;
  lines.say('stopping');
  await stop?.();
  return 0;
}

/** NotReady and the errors of starting parts (which have a code) are for a person; anything else is a mistake here. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof NotReady) return error.message;
  return 'code' in error ? `${String(error.code)}: ${error.message}` : (error.stack ?? error.message);
}

/** @returns the exit code where there is nothing to run */
function readOptions(): DevOptions | number {
  try {
    // --inspect may stand alone, which parseArgs knows no word for
    const args = process.argv.slice(2).map((word) => (word === '--inspect' ? '--inspect=gateway' : word));
    const { values } = parseArgs({
      args,
      options: {
        without: { type: 'string', multiple: true, default: [] },
        inspect: { type: 'string', multiple: true, default: [] },
        folder: { type: 'string', default: join(workspaceRoot(), '.dev') },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const named = <Name extends string>(option: string, known: readonly Name[], words: readonly string[]): Name[] =>
      words.map((word) => {
        const found = known.find((name) => name === word);
        if (found === undefined) throw new Error(`${option} ${word}: ${known.join(', ')}`);
        return found;
      });
    return {
      folder: resolve(values.folder),
      without: new Set<PartName>(named('--without', PART_NAMES, values.without)),
      inspect: new Map(
        named('--inspect', ['gateway', 'enclave'], values.inspect).map(
          (part) => [part, INSPECTOR_PORTS[part]] as const,
        ),
      ),
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
}

process.exitCode = await main();
