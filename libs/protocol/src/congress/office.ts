/** `H` + state + two digits (district, 00 at large), or `S` + state + 01 to 03, as CWC's MemberOffice. */
export type Chamber = 'house' | 'senate';

export const HOUSE_OFFICE = /^H[A-Z]{2}[0-9]{2}$/;
export const SENATE_OFFICE = /^S[A-Z]{2}0[1-3]$/;

export function isOffice(value: string): boolean {
  return HOUSE_OFFICE.test(value) || SENATE_OFFICE.test(value);
}

export function chamberOf(office: string): Chamber {
  return office.startsWith('H') ? 'house' : 'senate';
}
