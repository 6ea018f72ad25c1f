export const help = `Verifies an AWS Nitro attestation document: chain to the AWS root, signature, measurements, nonce, age.

  npm run verify -- <file|url> --pcr0 <hex>[,<hex>...] [options]

What to verify
  <file>              the document as raw bytes or in base64, or the JSON that /attestation answers
  <url>               asked with a fresh nonce and "Accept: application/cose"; without a path, /attestation is asked

What to accept
  --pcr0 <hex>,...    accepted PCR0 values, 96 hexadecimal digits each (SHA-384): what nitro-cli build-enclave
                      prints, or what you measured yourself. There is no default.
  --nonce <hex>       the nonce that the document has to carry, 16 to 512 bytes.
                      For a URL the default is 32 fresh random bytes.
  --no-nonce          asks for none and checks none: the document may be a copy made for somebody else.
                      A file needs one of the two.
  --max-age <seconds> how old the document may be; default 300. It may be 30 s ahead of the clock.
  --at <ISO time>     verifies as of then, such as 2023-09-28T11:08:28Z; default now
  --root <pem>        trusts the root certificate in this file instead of AWS's. Whoever holds its key can
                      forge documents: for a development root only.

  --json              prints one JSON object
  --help              this

Exit status
  0  trusted
  1  refused: the code says by which check (libs/attestation/README.md has the table)
  2  could not be judged: wrong usage, unreadable file, no answer from the network

Examples
  npm run verify -- https://enclave.example.org --pcr0 <hex>
  npm run verify -- document.cose --pcr0 <hex> --no-nonce --at 2023-09-28T11:08:28Z
  npm run verify -- http://127.0.0.1:3001 --pcr0 <hex> --root .dev/development-root.pem
`;
