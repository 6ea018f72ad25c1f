import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { verifyEnclave } from '@communique-tee/enclave-identity';
import {
  encodePublicConfiguration,
  fromBase64,
  fromBase64Url,
  publicConfigurationSchema,
  receiptClaimsSchema,
  toHex,
} from '@communique-tee/protocol';
import { verifyReceipt } from '@communique-tee/receipts';
import { createHash } from 'node:crypto';
import { CONFIGURATION_EXAMPLE, CONFIGURATION_SHA256 } from '../../features/attestation/attestation-examples';
import view from '../../features/attestation/attestation-view.json';
import message from '../../features/messages/delivered-message.json';

/** A development enclave made the document's examples, under the root that its own document carries. */
const root = `-----BEGIN CERTIFICATE-----\n${view.cabundle[0] ?? ''}\n-----END CERTIFICATE-----\n`;
const trust = {
  acceptedMeasurements: [{ pcr0: view.pcrs['0'], pcr3: view.pcrs['3'] }] as const,
  trustAnchor: unsafeTrustAnchorFromPem(root),
};

it('the attestation document of the examples verifies, and attests the configuration of the examples', async () => {
  const configuration = encodePublicConfiguration(publicConfigurationSchema.parse(CONFIGURATION_EXAMPLE.value));
  expect(createHash('sha256').update(configuration).digest('hex')).toBe(CONFIGURATION_SHA256);
  const { attestation, configSha256 } = await verifyEnclave(
    { document: fromBase64(view.attestation_document), configuration },
    {
      ...trust,
      freshness: { documentTakenFromCache: true },
      maxAgeMs: 1,
      maxFutureSkewMs: 0,
      at: new Date(view.timestamp),
    },
  );
  expect([attestation.pcr0, toHex(configSha256)]).toEqual([view.pcrs['0'], CONFIGURATION_SHA256]);
});

it('the receipt of the examples verifies', async () => {
  const [, payload = ''] = message.receipt.receipt.split('.');
  const { sealed_sha256 } = receiptClaimsSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  const { claims } = await verifyReceipt(message.receipt, {
    ...trust,
    verifyEnclave,
    messageId: message.id,
    sealedSha256: fromBase64Url(sealed_sha256),
  });
  expect(claims.offices.map(({ outcome }) => outcome)).toEqual(claims.offices.map(() => 'accepted'));
});
