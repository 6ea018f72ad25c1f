// The image builder runs this before it puts a configuration into an image: `node check-configuration.js <file>`. If the configuration is
// valid, the command prints one JSON object and exits with 0. Otherwise it lists the problems on standard error and exits with 78.
import { PRICE_TABLE, priceTableSha256 } from '@communique-tee/agents';
import { destinationsOf, secretsOf } from './configuration/cross-checks';
import { parseConfigurationForImage } from './configuration/for-image';
import { longestAttemptMs } from './services/congress/cwc/congress-config';
import { ConfigurationError, readConfigurationFile } from './runtime/configuration-file';
import { exitOnError } from './runtime/process';

const USAGE = 'usage: node check-configuration.js <file>';

exitOnError(async () => {
  const [file, ...more] = process.argv.slice(2);
  if (file === '--help' || file === '-h') {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  if (file === undefined || file.startsWith('-') || more.length > 0) throw new ConfigurationError([USAGE]);
  const configuration = parseConfigurationForImage(readConfigurationFile(file));
  const { stack, listen, custody, residence, egress, services, kms } = configuration;
  const agents = services.agents === undefined ? 'off' : 'on';
  const prices = { version: PRICE_TABLE.version, sha256: priceTableSha256(PRICE_TABLE) };
  // The longest time until the enclave answers each kind of request, in milliseconds
  const longestAnswerMs = {
    ...(services.congress && { message: longestAttemptMs(services.congress) }),
    ...(services.agents && { task: services.agents.limits.timeoutMs }),
    ...(kms && { keys: kms.timeoutMs }),
  };
  const [secrets, destinations] = [secretsOf(configuration), destinationsOf(configuration)];
  process.stdout.write(
    `${JSON.stringify({ stack, listen, custody: custody.mode, residence, agents, prices, secrets, longestAnswerMs, routes: egress.routes, destinations })}\n`,
  );
});
