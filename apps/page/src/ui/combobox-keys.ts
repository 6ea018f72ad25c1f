// What keys do in a combobox (WAI-ARIA Authoring Practices, "Editable Combobox With List Autocomplete"), without a browser.
import type { Option } from './field';

export interface ComboboxState {
  readonly open: boolean;
  readonly typed: string;
  /** Index in the matching options; null while none is active. */
  readonly active: number | null;
}
export const CLOSED: ComboboxState = { open: false, typed: '', active: null };

export interface KeyOutcome {
  readonly state: ComboboxState;
  /** Index of the option. */
  readonly picked?: number;
  /** Whether the key was used here, so that the browser must not handle it. */
  readonly handled: boolean;
}

/** Returns the options whose label contains every typed word, ignoring case and accents. */
export function matching(options: readonly Option[], typed: string, locale: string): readonly Option[] {
  const words = plain(typed, locale)
    .split(/\s+/)
    .filter((word) => word !== '');
  return options.filter(({ label }) => words.every((word) => plain(label, locale).includes(word)));
}

/** Typing opens the list; the first match is active, so that Enter picks it. */
export function afterTyping(typed: string): ComboboxState {
  return { open: true, typed, active: typed.trim() === '' ? null : 0 };
}

/** @param count how many options match */
export function afterKey(state: ComboboxState, key: string, altKey: boolean, count: number): KeyOutcome {
  const { open, active } = state;
  const kept = { state, handled: false };
  switch (key) {
    case 'ArrowDown':
      if (altKey) return { state: { ...state, open: true }, handled: true };
      return { state: { ...state, open: true, active: moved(open ? active : null, 1, count) }, handled: true };
    case 'ArrowUp':
      if (altKey) return { state: { ...state, open: false, active: null }, handled: true };
      return { state: { ...state, open: true, active: moved(open ? active : null, -1, count) }, handled: true };
    case 'Enter':
      if (!open) return kept;
      // While the list is open, Enter never reaches the form
      return active === null || active >= count
        ? { state, handled: true }
        : { state: CLOSED, picked: active, handled: true };
    case 'Escape':
      if (!open && state.typed === '') return kept;
      return { state: open ? { ...state, open: false, active: null } : CLOSED, handled: true };
    case 'Tab':
      return { state: { ...state, open: false, active: null }, handled: false };
    default:
      return kept;
  }
}

function moved(from: number | null, by: 1 | -1, count: number): number | null {
  if (count === 0) return null;
  if (from === null) return by === 1 ? 0 : count - 1;
  return (from + by + count) % count;
}

function plain(value: string, locale: string): string {
  return value.normalize('NFD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase(locale);
}
