import { formatVerifierKey, signingKeyOf, signNote } from '@communique-tee/transparency';
import { NOTE_VECTORS } from '@communique-tee/transparency/testing';
import {
  checkWindow,
  fieldFromBigInt,
  openCampaignNote,
  openRootNote,
  registrarOf,
  signCampaignNote,
  signRootNote,
  type CampaignNote,
  type RootNote,
} from './index';

const DAY = 86_400;
const FROM = 1_796_000_000;
const one = signingKeyOf('test-registrar', new Uint8Array(32).fill(1));
const two = signingKeyOf('test-registrar', new Uint8Array(32).fill(2));
const stranger = signingKeyOf('test-registrar', new Uint8Array(32).fill(3));
const by = registrarOf('test-registrar', [one, two].map(formatVerifierKey));
const root: RootNote = {
  registrar: 'test-registrar',
  root: fieldFromBigInt(123n),
  notBefore: FROM,
  notAfter: FROM + 14 * DAY,
  places: 3000,
};
const campaign: CampaignNote = {
  registrar: 'test-registrar',
  campaign: 'clean-water',
  notBefore: FROM,
  notAfter: FROM + 90 * DAY,
};
const refused = (code: string) => expect.objectContaining({ name: 'ResidenceNoteError', code });

it('reads back a root note that either key or both keys signed', () => {
  for (const keys of [[one], [two], [one, two]]) expect(openRootNote(signRootNote(root, ...keys), by)).toEqual(root);
  expect(signRootNote(root, one).split('\n').slice(0, 6)).toEqual([
    'communique-tee residence root v1',
    'test-registrar',
    `${'0'.repeat(62)}7b`,
    String(FROM),
    String(FROM + 14 * DAY),
    '3000',
  ]);
});

it('reads back a signed campaign note', () => {
  expect(openCampaignNote(signCampaignNote(campaign, 90, one), by, 90)).toEqual(campaign);
  expect(signCampaignNote(campaign, 90, one).split('\n').slice(0, 5)).toEqual([
    'communique-tee campaign v1',
    'test-registrar',
    'clean-water',
    String(FROM),
    String(FROM + 90 * DAY),
  ]);
});

it('refuses a root that is valid for longer than 14 days, or for no time', () => {
  for (const seconds of [14 * DAY + 1, 15 * DAY + 1, 400 * DAY, 0, -1]) {
    const text = signNote(bodyOf({ ...root, notAfter: FROM + seconds }), one);
    expect(() => openRootNote(text, by)).toThrow(refused('ERR_RESIDENCE_NOTE_WINDOW'));
    expect(() => signRootNote({ ...root, notAfter: FROM + seconds }, one)).toThrow();
  }
});

it('refuses a campaign that lasts longer than the configured maximum', () => {
  const text = signCampaignNote(campaign, 90, one);
  expect(() => openCampaignNote(text, by, 89)).toThrow(refused('ERR_RESIDENCE_NOTE_WINDOW'));
  const longer = { ...campaign, notAfter: campaign.notAfter + 1 };
  expect(() => signCampaignNote(longer, 90, one)).toThrow(refused('ERR_RESIDENCE_NOTE_WINDOW'));
});

it('accepts a note from 60 seconds before its beginning to just before its end', () => {
  for (const at of [FROM - 60, FROM - 5, FROM, root.notAfter - 1])
    expect(() => {
      checkWindow(root, at);
    }).not.toThrow();
  expect(() => {
    checkWindow(root, FROM - 61);
  }).toThrow(refused('ERR_RESIDENCE_NOTE_NOT_YET'));
  for (const at of [root.notAfter, root.notAfter + 1])
    expect(() => {
      checkWindow(root, at);
    }).toThrow(refused('ERR_RESIDENCE_NOTE_ENDED'));
});

it('refuses a note of a key that is not configured, of another registrar, or of the other kind', () => {
  expect(() => openRootNote(signRootNote(root, stranger), by)).toThrow(refused('ERR_RESIDENCE_NOTE'));
  const otherName = signingKeyOf('other-registrar', new Uint8Array(32).fill(1));
  expect(() => openRootNote(signRootNote({ ...root, registrar: 'other-registrar' }, otherName), by)).toThrow(
    refused('ERR_RESIDENCE_NOTE'),
  );
  // The configured key signs a text that names another registrar.
  const other = signNote(bodyOf({ ...root, registrar: 'other-registrar' }), one);
  expect(() => openRootNote(other, by)).toThrow(refused('ERR_RESIDENCE_NOTE'));
  expect(() => openRootNote(signCampaignNote(campaign, 90, one), by)).toThrow(refused('ERR_RESIDENCE_NOTE'));
  expect(() => openCampaignNote(signRootNote(root, one), by, 90)).toThrow(refused('ERR_RESIDENCE_NOTE'));
});

it('refuses a note of a key with another name, even if the caller lists the key', () => {
  const other = signingKeyOf('other-registrar', new Uint8Array(32).fill(9));
  const text = signNote(bodyOf(root), other);
  expect(() => openRootNote(text, { registrar: 'test-registrar', keys: [one, other] })).toThrow(
    refused('ERR_RESIDENCE_NOTE'),
  );
});

it.each([
  ['a number with a leading zero', bodyOf(root).replace('\n3000\n', '\n03000\n')],
  ['a sign', bodyOf(root).replace('\n3000\n', '\n+3000\n')],
  ['more places than the tree has', bodyOf({ ...root, places: 2 ** 20 + 1 })],
  ['a root in capitals', bodyOf(root).replace('7b\n', '7B\n')],
  ['a root above the modulus', bodyOf(root).replace(/\n[0-9a-f]{64}\n/, `\n${'f'.repeat(64)}\n`)],
  ['an extra line', `${bodyOf(root)}more\n`],
  ['a missing line', bodyOf(root).replace('3000\n', '')],
  ['a space at the end of a line', bodyOf(root).replace('\n3000\n', '\n3000 \n')],
  ['a BOM', `\ufeff${bodyOf(root)}`],
])('refuses %s in a root note, although it is signed', (_what, body) => {
  expect(() => openRootNote(signNote(body, one), by)).toThrow(refused('ERR_RESIDENCE_NOTE'));
});

it('refuses notes over the size limit, which counts signatures of unknown keys too', () => {
  const grease = `\u2014 grease.example ${Buffer.alloc(300).toString('base64')}\n`;
  expect(() => openRootNote(`${signRootNote(root, one)}${grease}`, by)).toThrow(/too long/);
  expect(() => openCampaignNote(`${signCampaignNote(campaign, 90, one)}${grease}`, by, 90)).toThrow(/too long/);
  const short = `\u2014 grease.example ${Buffer.alloc(68).toString('base64')}\n`;
  expect(openRootNote(`${signRootNote(root, one)}${short}`, by)).toEqual(root);
});

it('signs notes with the longest ids within the size limits', () => {
  const id = 'r'.repeat(64);
  const key = signingKeyOf(id, new Uint8Array(32).fill(5));
  const second = signingKeyOf(id, new Uint8Array(32).fill(6));
  const note = { ...root, registrar: id, notBefore: 99_999_999_999 - DAY, notAfter: 99_999_999_999, places: 2 ** 20 };
  expect(Buffer.byteLength(signRootNote(note, key, second))).toBeLessThanOrEqual(600);
  const long = { ...campaign, registrar: id, campaign: 'c'.repeat(64) };
  expect(Buffer.byteLength(signCampaignNote(long, 90, key))).toBeLessThanOrEqual(400);
});

it.each(['', 'Water', 'a_b', 'a'.repeat(65)])('does not sign a note of the campaign %j', (id) => {
  expect(() => signCampaignNote({ ...campaign, campaign: id }, 90, one)).toThrow(refused('ERR_RESIDENCE_NOTE'));
});

it('accepts only one or two different keys with the registrar’s name', () => {
  const keys = [one, two, stranger].map(formatVerifierKey);
  const other = formatVerifierKey(signingKeyOf('other', new Uint8Array(32).fill(1)));
  for (const texts of [[], keys, [keys[0]!, keys[0]!], [other], ['x']])
    expect(() => registrarOf('test-registrar', texts)).toThrow(refused('ERR_RESIDENCE_KEYS'));
  expect(() => registrarOf('Test', [other])).toThrow(refused('ERR_RESIDENCE_KEYS'));
});

it('refuses every test vector of a signed note that readers must refuse', () => {
  const vectors = NOTE_VECTORS.filter(({ expected }) => 'code' in expected);
  expect(vectors.length).toBeGreaterThan(20);
  for (const { note } of vectors) expect(() => openRootNote(note, by)).toThrow(refused('ERR_RESIDENCE_NOTE'));
});

function bodyOf({ registrar, root: hash, notBefore, notAfter, places }: RootNote): string {
  const lines = [
    'communique-tee residence root v1',
    registrar,
    Buffer.from(hash).toString('hex'),
    notBefore,
    notAfter,
    places,
  ];
  return lines.map((line) => `${line}\n`).join('');
}
