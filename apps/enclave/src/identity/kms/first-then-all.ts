/**
 * Handles the first item, then all others at the same time. If KMS fails for the first item, the caller's KmsSession can then fail the others
 * without a request.
 * @returns the results in the order of `items`
 */
export async function firstThenAll<Item, Result>(
  items: readonly Item[],
  handle: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const [first, ...others] = items;
  if (first === undefined) return [];
  return [await handle(first), ...(await Promise.all(others.map(handle)))];
}
