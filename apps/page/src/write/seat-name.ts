import { fill, text } from '../text/text';
import { seatOf, type Seat } from './seats';

const CLASSES = ['', 'I', 'II', 'III'];

/** "U.S. House, California 12th district": the seat, and not the person who holds it. */
export function seatName({ kind, state, number, chamber, code }: Seat): string {
  const { places, write } = text.value;
  const shown = kind === 'senate' ? (CLASSES[number] ?? '') : number;
  return fill(write.offices[kind], { state: places[state], ordinal: number, number: shown, chamber, code });
}

/** "California 12th district": for a list of districts, which a phone shows in one short line. */
export function districtName({ state, number }: Seat): string {
  const { places, write } = text.value;
  return fill(write.offices.districtShort, { state: places[state], ordinal: number });
}

/** The name of an office by its code; the code itself if no office has it. */
export function officeName(code: string): string {
  const seat = seatOf(code);
  return seat === undefined ? code : seatName(seat);
}
