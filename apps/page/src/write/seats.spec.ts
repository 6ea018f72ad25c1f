import { officesOf, STATES } from '@communique-tee/protocol';
import { districtsOf, hasDistricts, seatOf, seatsOf, sharedSeats } from './seats';

const told = (seats: ReturnType<typeof seatsOf>) => seats.map(({ code, kind, number }) => [code, kind, number]);

it('returns one seat for each district of a state, and the seats of its two senators', () => {
  expect(told(seatsOf('MT'))).toEqual([
    ['HMT01', 'district', 1],
    ['HMT02', 'district', 2],
    ['SMT01', 'senate', 1],
    ['SMT02', 'senate', 2],
  ]);
  expect(told(sharedSeats('MT'))).toEqual(told(seatsOf('MT')).slice(2));
  expect(told(districtsOf('MT'))).toEqual(told(seatsOf('MT')).slice(0, 2));
});

it.each([
  [
    'AK',
    [
      ['HAK00', 'atLarge', 0],
      ['SAK02', 'senate', 2],
      ['SAK03', 'senate', 3],
    ],
  ],
  ['DC', [['HDC00', 'delegate', 0]]],
  ['AS', [['HAQ00', 'delegate', 0]]],
  ['PR', [['HPR00', 'residentCommissioner', 0]]],
] as const)('asks for no district in %s', (state, seats) => {
  expect(told(seatsOf(state))).toEqual(seats);
  expect(sharedSeats(state)).toEqual(seatsOf(state));
  expect(hasDistricts(state)).toBe(false);
});

it('finds the seat of every office, and no seat for a code that no office has', () => {
  for (const state of STATES)
    for (const office of officesOf(state)) expect(seatOf(office)).toMatchObject({ code: office, state });
  expect(['HCA53', 'SCA02', 'HXX01', 'XX', ''].map(seatOf)).toEqual(Array(5).fill(undefined));
});
