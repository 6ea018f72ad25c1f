import { houseOffices, isState } from '@communique-tee/protocol';
import { congressAt, formatDistrict, parseDistrict } from '@communique-tee/residence';

/**
 * Reads a district as operators write it: `120-MT-07`, or `120-MT-7`, because spreadsheets drop the zero.
 * @param now Unix seconds
 * @returns the district, or what is wrong: its form, a seat that the state does not have, a Congress that has ended or is not the next
 */
export function readDistrict(cell: string, now: number): { district: string } | { wrong: string } {
  const [, congress, state, seat] = /^([1-9][0-9]{2})-([A-Z]{2})-([0-9]{1,2})$/.exec(cell) ?? [];
  if (congress === undefined || state === undefined || seat === undefined)
    return { wrong: 'the district is not of the form 120-MT-01: Congress, state, seat (00 if there is only one)' };
  const current = congressAt(now);
  if (Number(congress) < current) return { wrong: `Congress ${congress} has ended` };
  if (Number(congress) > current + 1) return { wrong: `Congress ${congress} is not the next one` };
  const seats = isState(state) ? houseOffices(state).map((office) => office.slice(3)) : [];
  if (seats.length === 0) return { wrong: `${state} is no state or territory with a seat in the House` };
  const district = formatDistrict({ congress: Number(congress), state, seat: Number(seat) });
  if (seats.includes(district.slice(-2))) return { district };
  const [first = '', last = ''] = [seats[0], seats.at(-1)];
  return {
    wrong:
      seats.length === 1
        ? `${state} has one seat: ${congress}-${state}-00`
        : `${state} has the seats ${first} to ${last}`,
  };
}

/** Whether the Congress in a district's name has ended at a time (Unix seconds). */
export function hasEnded(district: string, now: number): boolean {
  return parseDistrict(district).congress < congressAt(now);
}
