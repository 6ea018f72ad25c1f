import { afterKey, afterTyping, CLOSED, type ComboboxState, matching } from './combobox-keys';

const OPTIONS = ['Energy', 'Educación', 'Public Lands and Natural Resources'].map((label) => ({ value: label, label }));
const labels = (typed: string) => matching(OPTIONS, typed, 'es').map(({ label }) => label);
const open = (active: number | null, typed = ''): ComboboxState => ({ open: true, typed, active });

describe('typing', () => {
  it('leaves the options that have every word, without regard to case and accents', () => {
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
  ] as const)('%s moves, opens or closes', (key, before, count, after) => {
    expect(afterKey(before, key, false, count)).toEqual({ state: after, handled: true });
  });

  it('opens and closes by Alt and an arrow without a move', () => {
    expect(afterKey(CLOSED, 'ArrowDown', true, 3).state).toEqual(open(null));
    expect(afterKey(open(1), 'ArrowUp', true, 3).state).toEqual(CLOSED);
  });

  it('picks the active option by Enter', () => {
    expect(afterKey(open(1, 'e'), 'Enter', false, 3)).toEqual({ state: CLOSED, picked: 1, handled: true });
  });

  it('keeps Enter from the form while the list is open, and leaves it to the form otherwise', () => {
    expect(afterKey(open(null), 'Enter', false, 3)).toEqual({ state: open(null), handled: true });
    expect(afterKey(open(0, 'weather'), 'Enter', false, 0)).toEqual({ state: open(0, 'weather'), handled: true });
    expect(afterKey(CLOSED, 'Enter', false, 3)).toEqual({ state: CLOSED, handled: false });
  });

  it('leaves to the browser Tab, other keys, and Escape where there is nothing to close', () => {
    expect(afterKey(CLOSED, 'Escape', false, 3).handled).toBe(false);
    expect(afterKey(open(1), 'Tab', false, 3)).toEqual({ state: CLOSED, handled: false });
    expect(afterKey(open(1), 'a', false, 3)).toEqual({ state: open(1), handled: false });
  });
});
