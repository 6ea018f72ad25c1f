import { readFileSync } from 'node:fs';
import { createEgress } from '../../../../egress';
import { congressConfigSchema, congressDestinations, createCongress, deliveryId } from '..';
import { testMessage } from './messages';

// environment.long.integration.spec.ts runs this program as a separate process. The program makes one delivery with the given configuration
// file and prints the result.
const config = congressConfigSchema.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
const congress = createCongress(config, createEgress({ mode: 'direct' }, congressDestinations(config)), {
  nowMs: () => Date.now(),
});
void congress
  .deliver({
    office: 'HCA12',
    message: testMessage(),
    deliveryId: deliveryId(new Uint8Array(32), new Uint8Array(16), 'HCA12'),
  })
  .then((result) => process.stdout.write(`${JSON.stringify(result)}\n`));
