import { createHmac } from 'node:crypto';

/**
 * Returns a value that is equal for all spellings of a name with the same birth date: "Mary O'Brien", "MARY OBRIEN" and "O Brien, Mary",
 * with or without accents. The value is a hash with the register's own key, so that the register stores no names.
 * @param key 32 bytes, hex
 * @returns 32 hex digits
 */
export function likenessOf(name: string, born: string, key: string): string {
  const letters = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
  // Sort the letters, so that the order of first and last name does not matter.
  const same = [...letters].sort().join('');
  return createHmac('sha256', Buffer.from(key, 'hex')).update(`${same}\n${born}`).digest('hex').slice(0, 32);
}

/** Reads `1980-02-01`, or `2/1/1980` as spreadsheets in the United States write it. @returns `1980-02-01`; null for any other text */
export function readBirthDate(text: string): string | null {
  const iso = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  const us = /^([0-9]{1,2})\/([0-9]{1,2})\/([0-9]{4})$/.exec(text);
  const [year, month, day] = iso !== null ? [iso[1], iso[2], iso[3]] : us !== null ? [us[3], us[1], us[2]] : [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const at = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(date) ? date : null;
}
