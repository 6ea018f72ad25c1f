import { randomInt } from 'node:crypto';
import { LEAVES_PER_FILE, Places } from './places';

/** Draws a place for each person. @returns the taken places, how many of them are in each file, and the number of draws */
function fill(people: number) {
  let draws = 0;
  const places = new Places(new Set(), 1, (bound) => {
    draws += 1;
    return randomInt(bound);
  });
  const taken = new Set(Array.from({ length: people }, () => places.draw()));
  const files = Array.from({ length: places.files }, () => 0);
  for (const index of taken) files[Math.floor(index / LEAVES_PER_FILE)]! += 1;
  return { taken, files, draws };
}

it('puts 3,000 people into four files, of which all but the last are at least half full', () => {
  const { taken, files } = fill(3000);
  expect(taken.size).toBe(3000);
  expect(files).toHaveLength(4);
  for (const each of files.slice(0, -1)) expect(each).toBeGreaterThan(LEAVES_PER_FILE / 2);
});

it('opens a new file when the files in use are 90 % full', () => {
  expect(fill(922).files).toHaveLength(1);
  expect(fill(923).files).toHaveLength(2);
});

it('draws exactly one random number for each of 200,000 people', () => {
  const { taken, draws } = fill(200_000);
  expect({ people: taken.size, draws }).toEqual({ people: 200_000, draws: 200_000 });
});

it('draws only free places', () => {
  const free = [3, 500, 1023];
  const taken = new Set(Array.from({ length: 1024 }, (_, index) => index).filter((index) => !free.includes(index)));
  // All but three places of a file are taken, so a second file opens, whose places are free too.
  const places = new Places(taken, 1, () => 0);
  const drawn = new Set(Array.from({ length: 3 }, () => places.draw()));
  for (const index of drawn) expect(taken.has(index)).toBe(false);
});

it('fills the tree to the last place, and then throws', () => {
  const all = new Set(Array.from({ length: 1024 * 1024 - 1 }, (_, index) => index));
  const places = new Places(all, 1024, () => 0);
  expect(places.draw()).toBe(1024 * 1024 - 1);
  expect(() => places.draw()).toThrow('the tree is full');
});
