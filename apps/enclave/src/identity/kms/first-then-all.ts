/**
 * Handles the first, and once that ended all others at once: if KMS fails, the first alone finds out, and the session asks it no
 * more.
 * @returns in the order of `items`
 */
export async function firstThenAll<Item, Result>(
  items: readonly Item[],
  handle: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const [first, ...others] = items;
  if (first === undefined) return [];
  return [await handle(first), ...(await Promise.all(others.map(handle)))];
}
