import { fill, text } from '../text/text';
import { seatOf, type Seat } from './seats';

const CLASSES = ['', 'I', 'II', 'III'];

/** For example "U.S. House, California 12th district". */
export function seatName({ kind, state, number, chamber, code }: Seat): string {
  const { places, write } = text.value;
  const shown = kind === 'senate' ? (CLASSES[number] ?? '') : number;
  return fill(write.offices[kind], { state: places[state], ordinal: number, number: shown, chamber, code });
}

/** For example "California 12th district": short enough for one line on a phone. */
export function districtName({ state, number }: Seat): string {
  const { places, write } = text.value;
  return fill(write.offices.districtShort, { state: places[state], ordinal: number });
}

/** Returns the office's name, or the code if no office has this code. */
export function officeName(code: string): string {
  const seat = seatOf(code);
  return seat === undefined ? code : seatName(seat);
}
