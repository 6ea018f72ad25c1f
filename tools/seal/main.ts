import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { fetchEnclaveKey, prepareMessage } from '@communique-tee/client';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readMessage } from '../message/read-message';

const HELP = `Seals a message to the key of an attested enclave, into a file that can be posted:

  npm run seal -- --message <file.json> --out <file.cbor> --pcr0 <hex>[,<hex>] [--gateway <url>] [--root <pem>]

  --message  JSON in the shape of docs/message.md; docs/examples/message.json is one
  --out      where the sealed message goes (CBOR); its id is printed
  --pcr0     the measurements that are trusted, 96 hex digits each
  --gateway  where to ask for attestation (default http://127.0.0.1:3001)
  --root     another root than AWS's: for development, .dev/development-root.pem
  --help

Exit 0 sealed, 1 not: the message is wrong, or the enclave is not the one that is trusted; 2 wrong usage.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      message: { type: 'string' },
      out: { type: 'string' },
      pcr0: { type: 'string' },
      gateway: { type: 'string', default: 'http://127.0.0.1:3001' },
      root: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { message, out, pcr0, gateway, root } = values;
  const [first, ...others] = (pcr0 ?? '').split(',').map((hex) => hex.trim().toLowerCase());
  if (message === undefined || out === undefined || first === undefined || first === '') {
    process.stderr.write(`--message, --out and --pcr0 are required\n\n${HELP}`);
    return 2;
  }
  const content = readMessage(message);
  const key = await fetchEnclaveKey(gateway, {
    acceptedMeasurements: [{ pcr0: first }, ...others.map((hex) => ({ pcr0: hex }))],
    ...(root === undefined ? {} : { trustAnchor: unsafeTrustAnchorFromPem(readFileSync(root, 'utf8')) }),
  });
  const { id, sealed } = prepareMessage(content, key);
  writeFileSync(out, sealed);
  process.stdout.write(`${id}\n`);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const usage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    const code = error instanceof Error && 'code' in error ? `${String(error.code)}: ` : '';
    process.stderr.write(`${code}${error instanceof Error ? error.message : String(error)}\n${usage ? `\n${HELP}` : ''}`);
    process.exitCode = usage ? 2 : 1;
  },
);
