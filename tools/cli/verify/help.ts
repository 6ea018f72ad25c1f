import { TRUST_HELP } from '../trust';

export const help = `Verifies an AWS Nitro attestation document: chain to the AWS root, signature, measurements, nonce, age. Shows the chain with its
validities, the measurements, the age, the keys that are attested, and who can bring them back (custody).

  npx communique-tee verify <file|url> --pcr0 <hex>[,<hex>...] [options]

What to verify
  <file>              the document as raw bytes or in base64, or the JSON that /attestation answers
  <url>               asked with a fresh nonce and "Accept: application/cose"; without a path, /attestation is asked

${TRUST_HELP}
  --nonce <hex>       the nonce that the document has to carry, 16 to 512 bytes.
                      For a URL the default is 32 fresh random bytes.
  --no-nonce          asks for none and checks none: the document may be a copy made for somebody else.
                      A file needs one of the two.
  --at <ISO time>     verifies as of then, such as 2023-09-28T11:08:28Z; default now. The document may be 30 s ahead of it

  --json              prints one JSON object
  --help              this

Exit code
  0  trusted
  1  not trusted: the code says by which check (libs/attestation/README.md has the table)
  2  not understood: the arguments, or what was read holds no document
  3  could not be fetched or read: no answer from the network, no such file

Examples
  npx communique-tee verify https://enclave.example.org --pcr0 <hex>
  npx communique-tee verify document.cose --pcr0 <hex> --no-nonce --at 2023-09-28T11:08:28Z
  npx communique-tee verify http://127.0.0.1:3001 --pcr0 <hex> --development-root .dev/development-root.pem --custody process
`;
