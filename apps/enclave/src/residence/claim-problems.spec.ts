import type { CongressMessage, ProvenEnvelope } from '@communique-tee/protocol';
import { claimOf, registrarOf, scopeOf, signCampaignNote } from '@communique-tee/residence';
import { committedProof, TEST_NOW_SECONDS, TEST_REGISTRAR } from '@communique-tee/residence/testing';
import { claimProblems } from './claim-problems';

const DAY = 86_400;
const registrar = registrarOf(TEST_REGISTRAR.id, TEST_REGISTRAR.verifierKeys);
const { content, envelope, opening } = committedProof('ada roads');

interface Case {
  district?: string;
  state?: CongressMessage['constituent']['state'];
  offices?: string[];
  nowSeconds?: number;
  /** When the campaign begins and ends, in seconds from now. */
  window?: readonly [from: number, to: number];
  maxCampaignDays?: number;
  /** When the message expires, in seconds from now. */
  expires?: number;
}

/**
 * Builds the content that an honest sender of this district seals with the claim of a valid proof, applies the case, and returns the
 * problems found.
 */
function codesOf({
  district = '120-MT-01',
  state = 'MT',
  offices = ['HMT01', 'SMT01', 'SMT02'],
  nowSeconds = TEST_NOW_SECONDS,
  window: [from, to] = [-DAY, 30 * DAY],
  maxCampaignDays = 90,
  expires = 3600,
}: Case): string[] {
  const { delivery, blinding } = opening;
  const [key] = TEST_REGISTRAR.signingKeys;
  const note = {
    registrar: registrar.registrar,
    campaign: 'roads',
    notBefore: nowSeconds + from,
    notAfter: nowSeconds + to,
  };
  const campaign = signCampaignNote(note, 90, key);
  const claim = claimOf({ scope: scopeOf(registrar.registrar, 'roads'), district, delivery, blinding });
  const sealed: CongressMessage = {
    ...content,
    offices,
    constituent: { ...content.constituent, state },
    proof: { district, delivery: new Uint8Array(delivery), blinding: new Uint8Array(blinding), campaign },
  };
  const proven: ProvenEnvelope = {
    sealed: { ...envelope.sealed, expiresAtSeconds: nowSeconds + expires },
    residence: { ...envelope.residence, claim },
  };
  return claimProblems(sealed, proven, { registrar, maxCampaignDays, nowSeconds }).map(
    ({ pointer, code }) => `${pointer} ${code}`,
  );
}

it('finds no problem in a committed message', () => {
  expect(claimProblems(content, envelope, { registrar, maxCampaignDays: 90, nowSeconds: TEST_NOW_SECONDS })).toEqual(
    [],
  );
  expect(codesOf({})).toEqual([]);
});

describe('the campaign of a proven message', () => {
  it.each<[string, Case]>([
    ['begins in 60 s', { window: [60, DAY] }],
    ['ends when the message expires', { window: [-DAY, 3600] }],
    ['lasts as long as the enclave allows', { window: [-DAY, 29 * DAY], maxCampaignDays: 30 }],
  ])('is accepted if it %s', (_how, given) => {
    expect(codesOf(given)).toEqual([]);
  });

  it.each<[string, Case]>([
    ['begins in 61 s', { window: [61, DAY] }],
    ['ends now', { window: [-DAY, 0], expires: -1 }],
    ['ends a second before the message expires', { window: [-DAY, 3599] }],
    ['lasts a second longer than the enclave allows', { window: [-DAY, 29 * DAY + 1], maxCampaignDays: 30 }],
  ])('is refused if it %s', (_how, given) => {
    expect(codesOf(given)).toEqual(['/proof/campaign campaign_not_accepted']);
  });
});

describe('the district of a proven message', () => {
  const eastern = (day: number, hour: number, minute = 0) => Date.UTC(2027, 0, day, hour + 5, minute) / 1000;
  const ended = ['/proof/district district_ended'];
  it.each<[string, Case]>([
    ['the old map, on 2 January at 23:59 Eastern', { district: '119-MT-01', nowSeconds: eastern(2, 23, 59) }],
    ['the old map, on 3 January at 11:59 Eastern', { district: '119-MT-01', nowSeconds: eastern(3, 11, 59) }],
    ['the new map, on 2 January at 23:59 Eastern', { district: '120-MT-01', nowSeconds: eastern(2, 23, 59) }],
    ['the new map, on 3 January at noon Eastern', { district: '120-MT-01', nowSeconds: eastern(3, 12) }],
  ])('is accepted if it is of %s', (_which, given) => {
    expect(codesOf(given)).toEqual([]);
  });

  it.each<[string, Case, string[]]>([
    ['is of the old map, on 3 January at noon Eastern', { district: '119-MT-01', nowSeconds: eastern(3, 12) }, ended],
    ['is the at-large seat of 2022', { district: '117-MT-00', offices: ['HMT00'] }, ended],
    ['is of the Congress after the next', { district: '122-MT-01' }, ended],
    [
      'does not exist in its state',
      { district: '120-MT-03', offices: ['HMT03'] },
      ['/offices/0 office_not_of_district'],
    ],
    [
      'has the number 00, but its state has several seats',
      { district: '120-MT-00', offices: ['HMT01'] },
      ['/offices/0 office_not_of_district'],
    ],
    ['is of a state that does not exist', { district: '120-ZZ-01' }, ['/constituent/state office_not_of_district']],
  ])('is refused if it %s', (_which, given, codes) => {
    expect(codesOf(given)).toEqual(codes);
  });

  it.each<[string, NonNullable<Case['state']>, string[], string[]]>([
    ['120-AK-00', 'AK', ['HAK00', 'SAK02', 'SAK03'], []],
    ['120-WY-00', 'WY', ['HWY00'], []],
    ['120-DC-00', 'DC', ['HDC00'], []],
    ['120-PR-00', 'PR', ['HPR00'], []],
    ['120-GU-00', 'GU', ['HGU00'], []],
    ['120-AS-00', 'AS', ['HAQ00'], []],
    ['120-DC-00', 'DC', ['HDC00', 'SDC01'], ['/offices/1 office_not_of_district']],
    [
      '120-PR-00',
      'PR',
      ['HPR00', 'SPR01', 'SPR02'],
      ['/offices/1 office_not_of_district', '/offices/2 office_not_of_district'],
    ],
    ['120-AS-00', 'AS', ['HAS00'], ['/offices/0 office_not_of_district']],
    ['120-MT-01', 'MT', ['HMT02', 'SMT01'], ['/offices/0 office_not_of_district']],
    ['120-MT-01', 'CA', ['SMT01'], ['/constituent/state office_not_of_district']],
    ['120-CA-12', 'CA', ['SCA01', 'SCA03', 'HCA13'], ['/offices/2 office_not_of_district']],
  ])('%s with the state %s and the offices %j has the problems %j', (district, state, offices, codes) => {
    expect(codesOf({ district, state, offices })).toEqual(codes);
  });
});
