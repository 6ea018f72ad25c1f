import { CHAMBERS, type Chamber } from '@communique-tee/protocol';
import { text } from './text';

/** Returns a chamber's name, such as `the House`, in the reader's language. */
export function chamberName(key: Chamber): string {
  const names: Readonly<Record<string, string>> = text.value.common.chambers;
  const { name } = CHAMBERS[key];
  return names[name] ?? name;
}
