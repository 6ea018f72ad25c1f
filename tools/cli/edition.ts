import { token } from './commands/token';
import { prove } from './residence/prove';
import { openProver } from './residence/proving';
import { register } from './residence/register';
import type { Edition } from './run-cli';

/** The command in a checkout, with the development commands and the prover. */
export const checkout: Edition = {
  name: 'node tools/cli/bin.mjs',
  more: [register, prove, token],
  openProver,
  firstSteps: (name) => `The first steps, with npm run demo in another terminal (it prints its PCR0)
  ${name} verify --pcr0 <hex> --pcr3 <hex> --development-root .dev/development-root.pem
  ${name} token --out .dev/token
  ${name} send --message docs/examples/message.json --pcr0 <hex> --pcr3 <hex> \\
    --development-root .dev/development-root.pem --token-file .dev/token --wait
`,
};
