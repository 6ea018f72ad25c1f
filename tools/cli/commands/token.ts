import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { AddCommand } from '../command';
import { issueToken, readIdentity } from '../development-issuer';
import { EXIT, Failure, messageOf, usage } from '../failure';
import { jsonOption, secondsOf, type JsonOption } from '../options';
import { iso, json } from '../output/terminal';

const DEFAULT_ENVIRONMENT = '.dev/gateway.env';
const MAX_LIFETIME_SECONDS = 24 * 3600;
/** The gateway checks at most once a second whether the file of its key set has changed. */
const REREAD_MS = 1100;

const after = (name: string) => `
The command keeps its signing key beside the environment file (token-key.json). It adds the public key to the gateway's
key set (AUTH_JWKS_FILE), and the gateway then reads the key set again.

Exit code
  0  done
  1  refused: not a gateway for development
  2  an argument, the environment or its key set was not understood: the error names it
  3  a file could not be read or written

Examples
  ${name} token --out .dev/token && ${name} status <id> --token-file .dev/token
  export COMMUNIQUE_TOKEN="$(${name} token)"
`;

interface Options extends JsonOption {
  readonly subject: string;
  readonly lifetime: string;
  readonly environment: string;
  readonly out?: string;
}

export const token: AddCommand = (program, run) =>
  jsonOption(
    program
      .command('token')
      .summary('a bearer token for a gateway that runs for development on this machine')
      .description(
        'A bearer token for a gateway that runs for development on this machine, such as that of npm run demo. Elsewhere tokens come from the identity provider, and this command refuses.',
      )
      .option('--subject <name>', 'the user that the token names', 'developer')
      .option('--lifetime <seconds>', 'at most a day', '3600')
      .option('--environment <file>', "the gateway's environment, as the demo writes it", DEFAULT_ENVIRONMENT)
      .option('--out <file>', 'write the token into a file that only its owner can read, instead of printing it'),
  )
    .addHelpText('after', after(program.name()))
    .action(
      run(async ({ out, environment }, options: Options) => {
        const { subject, out: file } = options;
        if (!/^[\x21-\x7e]{1,200}$/.test(subject)) throw usage('--subject takes 1 to 200 characters without spaces');
        const lifetimeSeconds = secondsOf(options.lifetime, 'lifetime') ?? 0;
        if (lifetimeSeconds < 1 || lifetimeSeconds > MAX_LIFETIME_SECONDS)
          throw usage(`--lifetime takes 1 to ${String(MAX_LIFETIME_SECONDS)} seconds`);
        const identity = readIdentity(options.environment, environment);
        const issued = await issueToken(identity, subject, lifetimeSeconds);
        if (issued.keyIsNew) await pause(REREAD_MS);
        if (file !== undefined) writeToken(file, issued.token);
        const about = {
          subject,
          issuer: identity.issuer,
          audience: identity.audience,
          expires_at: iso(issued.expiresAtSeconds * 1000),
        };
        if (options.json === true)
          out(json(file === undefined ? { token: issued.token, ...about } : { file, ...about }));
        else out(file === undefined ? `${issued.token}\n` : `${file}: for ${subject}, until ${about.expires_at}\n`);
        return EXIT.done;
      }),
    );

function writeToken(file: string, value: string): void {
  try {
    writeFileSync(file, `${value}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new Failure('file_unwritable', `${file} cannot be written: ${messageOf(cause)}`, cause);
  }
}
