import { createDeliverySecret } from '@communique-tee/client';
import type { CongressMessage } from '@communique-tee/protocol';

/** Returns the message that the demo sends unless `--message` names a file. Everything in it is made up, and its text says so. */
export function exampleMessage(): CongressMessage {
  return {
    version: 1,
    deliverySecret: createDeliverySecret(),
    offices: ['HCA12', 'SCA01', 'SCA03'],
    constituent: {
      prefix: 'Mx.',
      firstName: 'Example',
      lastName: 'Constituent',
      address1: '1 Example Street',
      city: 'Oakland',
      state: 'CA',
      zip: '94601',
      email: 'example.constituent@example.org',
    },
    message: {
      subject: 'Private letters to Congress',
      body: 'This letter was sealed in a browser, opened only inside an attested enclave, and delivered from there. Please keep it that way.',
      topics: ['Science, Technology, Communications', 'Civil Rights and Liberties, Minority Issues'],
      bills: [{ congress: 119, type: 'hr', number: 1 }],
      stance: 'pro',
    },
    campaignId: 'communique-tee-demo',
    responseRequested: true,
    proof: null,
  };
}
