import { randomBytes } from 'node:crypto';
import type { AddCommand } from '../command';
import { EXIT } from '../failure';
import { anchorOf } from '../trust';
import { readVerifyArguments, verifyArguments, type VerifyArguments, type VerifyOptions } from './arguments';
import { judge } from './judge';
import { fetchConfiguration, fetchDocument, readDocumentFile } from './read-document';
import { asJson, asText, type Judgement } from './report';

const after = (name: string) => `
Exit code
  0  trusted
  1  not trusted: the code says by which check (libs/enclave-identity/README.md has the table)
  2  an argument or the policy was not understood, or what was read holds no document: the error says which
  3  could not be fetched or read: no answer from the network, no such file

Examples
  ${name} verify --gateway https://communique.example.org --pcr0 <hex> --pcr3 <hex>
  ${name} verify document.cose --pcr0 measurements.json --any-operator --no-nonce --at 2023-09-28T11:08:28Z
  ${name} verify --pcr0 <hex> --pcr3 <hex> --development-root .dev/development-root.pem --custody process
`;

export const verify: AddCommand = (program, run) =>
  verifyArguments(
    program
      .command('verify')
      .summary('an attestation document: chain, signature, image, operator, nonce, age, keys')
      .description(
        'Verifies an AWS Nitro attestation document: chain to the AWS root, signature, image, operator, nonce, age. Shows the chain with its validities, the measurements, the age, the attested keys, who can restore them (custody), and the public configuration. A gateway is asked with a fresh nonce and "Accept: application/cose", at /attestation unless its address has a path.',
      ),
  )
    .addHelpText('after', after(program.name()))
    .action(
      run(async ({ out, paint, environment }, file: string | undefined, options: VerifyOptions) => {
        const judgement = await readAndJudge(readVerifyArguments(file, options, environment));
        out(options.json === true ? asJson(judgement) : asText(judgement, paint));
        return judgement.outcome === 'trusted' ? EXIT.done : EXIT.refused;
      }),
    );

async function readAndJudge({ source, trust, nonce: wanted, at }: VerifyArguments): Promise<Judgement> {
  const nonce = wanted === 'none' ? undefined : wanted === 'fresh' ? new Uint8Array(randomBytes(32)) : wanted;
  anchorOf(trust); // refuses an invalid root before the network is used
  const document = source instanceof URL ? await fetchDocument(source, nonce) : readDocumentFile(source);
  const configuration = source instanceof URL ? (sha256: Uint8Array) => fetchConfiguration(source, sha256) : undefined;
  return judge({ document, ...(configuration && { configuration }), nonce, at: at ?? new Date() }, trust);
}
