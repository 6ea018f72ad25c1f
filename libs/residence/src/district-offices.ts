import { houseOffice, houseOffices, isState, senateOffices } from '@communique-tee/protocol';
import { congressAt, parseDistrict } from './district';
import { ResidenceError } from './errors';

/**
 * Returns the codes of the offices that people of a district can write to: one of the House, and the state's senators (none for DC and the
 * territories). Returns none for a district that is not in the table of offices.
 * @param district `120-MT-01`
 * @throws ResidenceError `ERR_RESIDENCE_DISTRICT`
 */
export function officesOfDistrict(district: string): string[] {
  const { state, seat } = parseDistrict(district);
  if (!isState(state)) return [];
  const house = houseOffice(state, seat);
  return houseOffices(state).includes(house) ? [house, ...senateOffices(state)] : [];
}

/** @throws ResidenceError `ERR_RESIDENCE_DISTRICT_ENDED` for a district of a Congress that has ended */
export function checkInOffice(district: string, nowSeconds: number): void {
  if (parseDistrict(district).congress < congressAt(nowSeconds))
    throw new ResidenceError('ERR_RESIDENCE_DISTRICT_ENDED', 'the Congress of this district has ended');
}
