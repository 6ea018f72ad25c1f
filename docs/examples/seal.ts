// node tools/run.mjs docs/examples/seal.ts <message.json> <sealed.cbor> [gateway] [root.pem]: seals a message to the enclave behind the demo's gateway,
// for the curl examples of README.md. It trusts the development root and the mock's measurement: for the demo only.
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { createDeliverySecret, fetchEnclaveKey, prepareMessage } from '@communique-tee/client';
import { developmentMeasurements } from '@communique-tee/nsm-mock';
import { validateCongressMessage } from '@communique-tee/protocol';
import { readFileSync, writeFileSync } from 'node:fs';

const [source = '', target = '', gateway = 'http://127.0.0.1:3001', root = '.dev/development-root.pem'] = process.argv.slice(2);
const value: unknown = JSON.parse(readFileSync(source, 'utf8'));
const checked = validateCongressMessage(typeof value === 'object' ? { ...value, deliverySecret: createDeliverySecret() } : value);
if (!checked.ok) throw new Error(checked.problems.map(({ message }) => message).join('\n'));
const key = await fetchEnclaveKey(gateway, {
  acceptedMeasurements: [{ pcr0: developmentMeasurements.pcr0 }],
  trustAnchor: unsafeTrustAnchorFromPem(readFileSync(root, 'utf8')),
});
const { id, sealed } = prepareMessage(checked.message, key);
writeFileSync(target, sealed);
process.stdout.write(`${id}\n`);
