import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { noPositional, readArguments, secondsOf } from '../arguments/read-arguments';
import type { Command } from '../command';
import { EXIT, Failure, messageOf, usage } from '../failure';
import { iso, json } from '../output/terminal';
import { issueToken, readIdentity } from '../development-issuer';

const DEFAULT_ENVIRONMENT = '.dev/gateway.env';
const MAX_LIFETIME_SECONDS = 24 * 3600;
/** The gateway looks at the date of its key set at most once a second. */
const REREAD_MS = 1100;

const help = `A bearer token for a gateway that runs for development on this machine, such as that of npm run demo. Elsewhere tokens come from the
identity provider; this command refuses.

  npx communique-tee token [options]

  --subject <who>     whom it names; default developer
  --lifetime <seconds>  default 3600, at most a day
  --environment <file>  the environment of the gateway; default ${DEFAULT_ENVIRONMENT}, which the demo writes
  --out <file>        writes it into a file that its owner alone can read, instead of showing it
  --json              prints one JSON object

It signs with a key of its own, kept beside the environment (token-key.json), and adds the public half to the gateway's key set
(AUTH_JWKS_FILE), which the gateway reads again.

Exit code
  0  done
  1  refused: not a gateway for development
  2  not understood: the arguments, the environment or its key set
  3  a file could not be read or written

Examples
  npx communique-tee token --out .dev/token && npx communique-tee status <id> --token-file .dev/token
  export COMMUNIQUE_TOKEN="$(npx communique-tee token)"
`;

export const token: Command = {
  name: 'token',
  summary: 'a bearer token for a gateway that runs for development on this machine',
  help,
  async run(argv, { out, environment }) {
    const { values, positionals } = readArguments(argv, {
      subject: { type: 'string' },
      lifetime: { type: 'string' },
      environment: { type: 'string' },
      out: { type: 'string' },
    });
    noPositional(positionals);
    const { subject = 'developer', out: file } = values;
    if (!/^[\x21-\x7e]{1,200}$/.test(subject)) throw usage('--subject takes 1 to 200 characters without spaces');
    const lifetimeSeconds = secondsOf(values.lifetime, 'lifetime') ?? 3600;
    if (lifetimeSeconds < 1 || lifetimeSeconds > MAX_LIFETIME_SECONDS)
      throw usage(`--lifetime takes 1 to ${String(MAX_LIFETIME_SECONDS)} seconds`);
    const identity = readIdentity(values.environment ?? DEFAULT_ENVIRONMENT, environment);
    const issued = await issueToken(identity, subject, lifetimeSeconds);
    if (issued.keyIsNew) await pause(REREAD_MS);
    if (file !== undefined) writeToken(file, issued.token);
    const about = {
      subject,
      issuer: identity.issuer,
      audience: identity.audience,
      expires_at: iso(issued.expiresAtSeconds * 1000),
    };
    if (values.json === true) out(json(file === undefined ? { token: issued.token, ...about } : { file, ...about }));
    else out(file === undefined ? `${issued.token}\n` : `${file}: for ${subject}, until ${about.expires_at}\n`);
    return EXIT.done;
  },
};

function writeToken(file: string, value: string): void {
  try {
    writeFileSync(file, `${value}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new Failure('file_unwritable', `${file} cannot be written: ${messageOf(cause)}`, cause);
  }
}
