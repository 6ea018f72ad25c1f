import { afterKey, afterTyping, CLOSED, type ComboboxState, matching } from './combobox-keys';

const OPTIONS = ['Energy', 'Educación', 'Public Lands and Natural Resources'].map((label) => ({ value: label, label }));
const labels = (typed: string) => matching(OPTIONS, typed, 'es').map(({ label }) => label);
const open = (active: number | null, typed = ''): ComboboxState => ({ open: true, typed, active });

describe('typing', () => {
  it('leaves only the options that contain every word, ignoring case and accents', () => {
    expect(labels('')).toHaveLength(3);
    expect(labels('educacion')).toEqual(['Educación']);
    expect(labels(' RESOURCES  lands ')).toEqual(['Public Lands and Natural Resources']);
    expect(labels('weather')).toEqual([]);
  });

  it('opens the list and makes the first match active', () => {
    expect(afterTyping('en')).toEqual({ open: true, typed: 'en', active: 0 });
    expect(afterTyping(' ')).toEqual({ open: true, typed: ' ', active: null });
  });
});

describe('keys', () => {
  it.each([
    ['ArrowDown', CLOSED, 3, open(0)],
    ['ArrowDown', open(0), 3, open(1)],
    ['ArrowDown', open(2), 3, open(0)],
    ['ArrowUp', CLOSED, 3, open(2)],
    ['ArrowUp', open(0), 3, open(2)],
    ['ArrowDown', open(null, 'x'), 0, open(null, 'x')],
    ['Escape', open(1, 'en'), 3, { open: false, typed: 'en', active: null }],
    ['Escape', { open: false, typed: 'en', active: null }, 3, CLOSED],
  ] as const)('%s moves in the list, opens it or closes it', (key, before, count, after) => {
    expect(afterKey(before, key, false, count)).toEqual({ state: after, handled: true });
  });

  it('Alt with an arrow opens and closes the list without moving in it', () => {
    expect(afterKey(CLOSED, 'ArrowDown', true, 3).state).toEqual(open(null));
    expect(afterKey(open(1), 'ArrowUp', true, 3).state).toEqual(CLOSED);
  });

  it('Enter picks the active option', () => {
    expect(afterKey(open(1, 'e'), 'Enter', false, 3)).toEqual({ state: CLOSED, picked: 1, handled: true });
  });

  it('Enter reaches the form only while the list is closed', () => {
    expect(afterKey(open(null), 'Enter', false, 3)).toEqual({ state: open(null), handled: true });
    expect(afterKey(open(0, 'weather'), 'Enter', false, 0)).toEqual({ state: open(0, 'weather'), handled: true });
    expect(afterKey(CLOSED, 'Enter', false, 3)).toEqual({ state: CLOSED, handled: false });
  });

  it('Tab, other keys, and an Escape with nothing to close are left to the browser', () => {
    expect(afterKey(CLOSED, 'Escape', false, 3).handled).toBe(false);
    expect(afterKey(open(1), 'Tab', false, 3)).toEqual({ state: CLOSED, handled: false });
    expect(afterKey(open(1), 'a', false, 3)).toEqual({ state: open(1), handled: false });
  });
});
