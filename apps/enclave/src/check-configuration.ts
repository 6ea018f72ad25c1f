// What the image builder runs before it puts a configuration into an image: `node check-configuration.js <file>`. Exit code 0, or 78
// with all that is wrong on standard error. It prints the stack's name, the custody of its keys, and the destinations that the parent has to let through.
import { destinationsOf } from './configuration/cross-checks';
import { parseConfigurationForImage } from './configuration/for-image';
import { readConfigurationFile } from './runtime/configuration-file';
import { exitOnError } from './runtime/process';

exitOnError(async () => {
  const configuration = parseConfigurationForImage(readConfigurationFile(process.argv[2] ?? ''));
  const { stack, listen, custody, egress } = configuration;
  process.stdout.write(
    `${JSON.stringify({ stack, listen, custody: custody.mode, routes: egress.routes, destinations: destinationsOf(configuration) })}\n`,
  );
});
