import { officesOfDistrict } from './index';

it.each([
  ['120-MT-01', ['HMT01', 'SMT01', 'SMT02']],
  ['120-AK-00', ['HAK00', 'SAK02', 'SAK03']],
  ['120-DC-00', ['HDC00']],
  ['120-PR-00', ['HPR00']],
  ['120-GU-00', ['HGU00']],
  ['120-AS-00', ['HAQ00']],
  ['120-MT-00', []],
  ['120-CA-53', []],
  ['120-XX-01', []],
])('%s has the offices %j', (district, offices) => {
  expect(officesOfDistrict(district)).toEqual(offices);
});
