import { signCampaignNote } from '@communique-tee/residence';
import { formatVerifierKey, signingKeyOf } from '@communique-tee/transparency';
import type { ResidenceConfig } from '@communique-tee/gateway-environment';
import { CampaignNotes } from './campaign-notes';

const DAY = 86_400;
const now = Math.floor(Date.now() / 1000);
const [key, next, stranger] = [1, 2, 3].map((byte) => signingKeyOf('registrar', new Uint8Array(32).fill(byte))) as [
  ReturnType<typeof signingKeyOf>,
  ReturnType<typeof signingKeyOf>,
  ReturnType<typeof signingKeyOf>,
];
const configured: ResidenceConfig = {
  mode: 'required',
  registrar: 'registrar',
  keys: [formatVerifierKey(key), formatVerifierKey(next)],
  files: 'https://registrar.test/tree/',
};
const note = ({ campaign = 'parks-2026', from = now, days = 30, by = key, registrar = 'registrar' } = {}) =>
  signCampaignNote({ registrar, campaign, notBefore: from, notAfter: from + days * DAY }, 365, by);

it.each([
  ['signed with the first key', note()],
  ['signed with the second key', note({ by: next })],
  ['of a campaign that begins in a month', note({ from: now + 30 * DAY })],
  ['of 90 days', note({ days: 90 })],
])('accepts a note %s', (_, campaignNote) => {
  expect(() => {
    new CampaignNotes({ residence: configured }).assertFits({ campaignId: 'parks-2026', campaignNote });
  }).not.toThrow();
});

it.each([
  ['of another campaign', note({ campaign: 'parks-2027' })],
  ['signed with an unknown key under the registrar’s name', note({ by: stranger })],
  ['of another registrar', note({ by: signingKeyOf('other', new Uint8Array(32).fill(1)), registrar: 'other' })],
  ['of 91 days', note({ days: 91 })],
  ['of a campaign that has ended', note({ from: now - 31 * DAY })],
  ['with another end', note().replace(String(now + 30 * DAY), String(now + 31 * DAY))],
  ['cut short', note().slice(0, -1)],
  ['that is only the campaign’s id', 'parks-2026'],
])('refuses a note %s', (_, campaignNote) => {
  const attempt = (): void => {
    new CampaignNotes({ residence: configured }).assertFits({ campaignId: 'parks-2026', campaignNote });
  };
  expect(attempt).toThrow(expect.objectContaining({ code: 'campaign_note_invalid' }) as Error);
});

it('accepts no note if no registrar is configured, and requires none', () => {
  const notes = new CampaignNotes({ residence: { mode: 'off' } });
  expect(() => {
    notes.assertFits({ campaignId: 'parks-2026', campaignNote: note() });
  }).toThrow(expect.objectContaining({ code: 'campaign_note_invalid' }) as Error);
  notes.assertFits({ campaignId: 'parks-2026', campaignNote: null });
  expect(notes.required).toBe(false);
});
