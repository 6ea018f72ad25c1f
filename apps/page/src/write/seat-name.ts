import { fill, text } from '../text/text';
import { seatOf, type Seat } from './seats';

const CLASSES = ['', 'I', 'II', 'III'];

/** Returns the name of the seat, not of the person who holds it: "U.S. House, California 12th district". */
export function seatName({ kind, state, number, chamber, code }: Seat): string {
  const { places, write } = text.value;
  const shown = kind === 'senate' ? (CLASSES[number] ?? '') : number;
  return fill(write.offices[kind], { state: places[state], ordinal: number, number: shown, chamber, code });
}

/** Returns "California 12th district", short enough for one line of a list on a phone. */
export function districtName({ state, number }: Seat): string {
  const { places, write } = text.value;
  return fill(write.offices.districtShort, { state: places[state], ordinal: number });
}

/** Returns the name of the office with this code; the code itself if no office has it. */
export function officeName(code: string): string {
  const seat = seatOf(code);
  return seat === undefined ? code : seatName(seat);
}
