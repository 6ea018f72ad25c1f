// A congressional district as the statement of a proof names it. The name includes the Congress, because the borders of districts can change
// with a Congress. A message cannot go to a district of a Congress that has ended.
import { ResidenceError } from './errors';
import { fieldFromAscii, type Field } from './field';

/** As text: `<Congress, 3 digits>-<state, postal code>-<seat, 2 digits>`. The seat is 00 for an at-large seat and for seats without a vote. */
export interface District {
  congress: number;
  state: string;
  seat: number;
}

const DISTRICT = /^([0-9]{3})-([A-Z]{2})-([0-9]{2})$/;

/**
 * Reads `120-MT-01`. Does not check that the state has such a seat: an earlier Congress may have had seats that no longer exist.
 * @throws ResidenceError `ERR_RESIDENCE_DISTRICT`
 */
export function parseDistrict(text: string): District {
  const [, congress, state, seat] = DISTRICT.exec(text) ?? [];
  if (congress === undefined || state === undefined || seat === undefined || congress === '000')
    throw new ResidenceError('ERR_RESIDENCE_DISTRICT', 'not a district such as 120-MT-01');
  return { congress: Number(congress), state, seat: Number(seat) };
}

/** @throws ResidenceError `ERR_RESIDENCE_DISTRICT` */
export function formatDistrict({ congress, state, seat }: District): string {
  const text = `${String(congress).padStart(3, '0')}-${state}-${String(seat).padStart(2, '0')}`;
  parseDistrict(text);
  return text;
}

/** Returns the nine ASCII characters as a big-endian number. @throws ResidenceError `ERR_RESIDENCE_DISTRICT` */
export function districtToField(text: string): Field {
  parseDistrict(text);
  return fieldFromAscii(text);
}

/**
 * Returns the number of the Congress in office. Since 1935 a Congress begins on 3 January of each odd year, at noon Eastern Standard Time,
 * which is 17:00 UTC (20th Amendment, section 1).
 */
export function congressAt(unixSeconds: number): number {
  const year = new Date(unixSeconds * 1000).getUTCFullYear();
  const odd = year % 2 === 0 ? year - 1 : year;
  const congress = (odd - 1787) / 2;
  return unixSeconds < Date.UTC(odd, 0, 3, 17) / 1000 ? congress - 1 : congress;
}
