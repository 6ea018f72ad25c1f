import type { Status, VerifiedReport } from '@communique-tee/client';
import { statusAsText } from './report';

type Office = VerifiedReport['offices'][number];

const textOf = (
  status: Status,
  proven: boolean,
  ...offices: readonly (readonly [Office['outcome'], string | null])[]
) =>
  statusAsText(
    {
      view: {
        id: '00000000-0000-4000-8000-000000000001',
        status,
        acceptedAt: '2026-11-29T18:00:00.000Z',
        expiresAt: '2026-12-06T18:00:00.000Z',
        endedAt: null,
        attempts: 1,
        nextAttemptAt: null,
        reason: null,
        receipt: null,
        sealedAnswer: null,
      },
      report:
        offices.length === 0
          ? null
          : {
              timeSeconds: 1_795_975_200,
              pcr0: 'ab'.repeat(48),
              custody: 'process',
              offices: offices.map(([outcome, reason]) => ({
                office: 'HCA12',
                outcome,
                deliveryId: null,
                reason,
                detail: null,
              })),
              problems: [],
              receipt: { receipt: 'a.b.c', attestation_document: 'QUJD' },
            },
      ownRoot: false,
      proven,
    },
    (text) => text,
  );
const headOf = (status: Status, ...offices: readonly (readonly [Office['outcome'], string | null])[]) =>
  textOf(status, false, ...offices).split('  ')[0];

it('warns that the gateway may answer already_sent if a proven message is sealed again', () => {
  expect(textOf('key_retired', true)).toMatch(/send --again[^]*already_sent/);
  expect(textOf('key_retired', false)).not.toContain('already_sent');
});

it.each([
  ['DELIVERED', headOf('delivered', ['accepted', null], ['duplicate', 'already_received'])],
  ['DELIVERED IN PART', headOf('partially_delivered', ['accepted', null], ['refused', 'refused_by_office'])],
  ['DELIVERED IN PART', headOf('expired', ['accepted', null], ['pending', 'busy'])],
  ['NOT KNOWN', headOf('unknown')],
  ['NOT KNOWN', headOf('unknown', ['accepted', null], ['unknown', 'connection_lost'])],
  ['NOT KNOWN', headOf('expired', ['pending', 'connection_lost'])],
  ['NOT DELIVERED', headOf('expired', ['pending', 'maintenance'])],
  ['NOT DELIVERED', headOf('refused', ['refused', 'refused_by_office'])],
  ['NOT DELIVERED', headOf('key_retired')],
  ['ON ITS WAY', headOf('delivering', ['pending', 'connection_lost'])],
])('has the heading %s, which claims no more than is known (%#)', (expected, head) => {
  expect(head).toBe(expected);
});
