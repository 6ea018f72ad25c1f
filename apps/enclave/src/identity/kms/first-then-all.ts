/**
 * Handles the first item, then all others at the same time. If KMS fails, only the first item costs a request: the session sends no more.
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
