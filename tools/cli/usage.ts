import type { Command } from './command';

const EXIT_CODES = `Exit code, for every command
  0    done: trusted, posted, delivered, verified
  1    refused: not trusted, not taken, not delivered, not verified; a code says why
  2    not understood: the arguments, or what a file holds
  3    not reached: no answer from the network, a file cannot be read or written
  4    still on its way (status, send --wait)
  130  interrupted
`;

export const overview = (
  commands: readonly Command[],
): string => `Private messages to Congress through an attested enclave: verify it, send, follow, check receipts.

  npx communique-tee <command> [options]

${commands.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}\n`).join('')}
  <command> --help    explains it, with examples

Results go to standard output, with --json as one JSON object; steps and errors to standard error. Colours only on a terminal, and
not where NO_COLOR is set. COMMUNIQUE_TOKEN holds the token of who sends, COMMUNIQUE_GATEWAY the gateway's address.

${EXIT_CODES}
The first steps, with npm run demo in another terminal (it prints its PCR0)
  npx communique-tee verify http://127.0.0.1:3001 --pcr0 <hex> --development-root .dev/development-root.pem
  npx communique-tee token --out .dev/token
  npx communique-tee send --message docs/examples/message.json --pcr0 <hex> --development-root .dev/development-root.pem --token-file .dev/token --wait
`;

/** Of the commands that begin alike, such as receipt. */
export const groupOverview = (
  group: string,
  commands: readonly Command[],
): string => `npx communique-tee ${group} <command> [options]

${commands.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}\n`).join('')}
  ${group} <command> --help    explains it, with examples
`;
