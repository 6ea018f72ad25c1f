// The programs that run beside the gateway on the parent: `node main.js <command>`, one bundle.
import { formatAddress, SocketError } from '@communique-tee/vsock';
import { USAGE } from './command-line';
import { parseCollectorSettings } from './collector/collector-settings';
import { startLogCollector } from './collector/log-collector';
import { startEgressProxy } from './egress/egress-proxy';
import { parseEgressSettings, type Parsed } from './egress/egress-settings';
import { createLog } from './log';
import { startMetricsListener } from './metrics-listener';
import { boundedOutput, runUntilSignal } from './process';

/** EX_CONFIG of sysexits.h: a restart would not help. */
const EXIT_CONFIGURATION = 78;
const EXIT_FAILED = 1;

async function egressProxy(args: readonly string[]): Promise<void> {
  const settings = required(parseEgressSettings(args));
  const log = createLog('egress-proxy', boundedOutput(process.stdout));
  const proxy = await startEgressProxy(settings, log);
  const metrics = settings.metrics && (await startMetricsListener(settings.metrics, proxy.metrics.registry));
  if (metrics) log.write('info', 'metrics_listening', { address: formatAddress(metrics.address) });
  await runUntilSignal();
  log.write('info', 'egress_draining', { count: proxy.openConnections });
  await proxy.close(settings.drainMs);
  metrics?.close();
  log.write('info', 'egress_stopped');
}

async function logCollector(args: readonly string[]): Promise<void> {
  const settings = required(parseCollectorSettings(args, process.env));
  const collector = await startLogCollector(settings, boundedOutput(process.stdout));
  const metrics = settings.metrics && (await startMetricsListener(settings.metrics, collector.metrics.registry));
  await runUntilSignal();
  await collector.close();
  metrics?.close();
}

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  'egress-proxy': egressProxy,
  'log-collector': logCollector,
};

class NotUnderstood extends Error {
  constructor(readonly problems: readonly string[]) {
    super('not understood');
  }
}

function required<Settings>(parsed: Parsed<Settings>): Settings {
  if (parsed.ok) return parsed.settings;
  throw new NotUnderstood(parsed.problems);
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === '--help' || name === '-h' || name === 'help' || args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return;
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined)
    throw new NotUnderstood([name === undefined ? 'which command? (--help)' : 'this command is not known (--help)']);
  await command(args);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    if (error instanceof NotUnderstood) {
      process.stderr.write(
        `communique-tee cannot start. ${error.problems.length} problem(s):\n${error.problems.map((problem) => `  ${problem}\n`).join('')}`,
      );
      process.exit(EXIT_CONFIGURATION);
    }
    process.stderr.write(
      `communique-tee failed: ${error instanceof SocketError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(EXIT_FAILED);
  },
);
