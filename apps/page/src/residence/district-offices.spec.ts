import { districtOffices } from './district-offices';

const IN_120TH = Date.UTC(2027, 5, 1) / 1000;

it.each<[string, string[], boolean]>([
  ['120-MT-01', ['HMT01', 'SMT01', 'SMT02'], true],
  ['120-AK-00', ['HAK00', 'SAK02', 'SAK03'], true],
  ['120-DC-00', ['HDC00'], false],
  ['120-PR-00', ['HPR00'], false],
  ['120-GU-00', ['HGU00'], false],
  ['120-AS-00', ['HAQ00'], false],
])('returns the offices of %s: %j', (district, codes, hasSenators) => {
  expect(districtOffices(district, IN_120TH)).toEqual({ kind: 'offices', codes, hasSenators });
});

it.each([
  ['of the previous Congress', '119-MT-01'],
  ['that the state no longer has', '120-MT-00'],
  ['beyond the last of the state', '120-MT-03'],
  ['of no state', '120-ZZ-01'],
])('reports that the registration has ended if its district is one %s', (_, district) => {
  expect(districtOffices(district, IN_120TH)).toEqual({ kind: 'ended' });
});
