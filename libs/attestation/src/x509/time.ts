import { malformed, tags, type DerElement } from './der';

/**
 * UTCTime or GeneralizedTime as RFC 5280, section 4.1.2.5 has them: seconds, `Z`, no fraction; two-digit years below 50 are 20xx.
 * Which of the two stands for which year is not held against a certificate.
 */
export function timeMs(element: DerElement): number {
  const text = String.fromCharCode(...element.content);
  const match = (
    element.tag === tags.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
      : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
  ).exec(text);
  if (!match) throw malformed('a time');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const fullYear = element.tag === tags.utcTime ? year + (year < 50 ? 2000 : 1900) : year;
  const ms = Date.UTC(fullYear, month - 1, day, hour, minute, second);
  // 31 February and 25 o'clock would silently become another time.
  const back = new Date(ms);
  if (
    fullYear < 1900 ||
    back.getUTCMonth() !== month - 1 ||
    back.getUTCDate() !== day ||
    back.getUTCHours() !== hour ||
    back.getUTCMinutes() !== minute ||
    back.getUTCSeconds() !== second
  ) {
    throw malformed('a time that does not exist');
  }
  return ms;
}
