// The image builder runs this before it puts a configuration into an image: `node check-configuration.js <file>`. It exits with 78 and
// lists the problems on standard error, or it exits with 0 and prints one JSON object: stack, listening address, custody of the keys, proof
// of residence, whether the agents service is on, version and hash of the price table, names of the operator's secrets, how long the
// enclave may take for an answer, and the destinations that the parent must let through, with their routes.
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
