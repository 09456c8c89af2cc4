/** One page of a list. */
export type Page<Item> = { readonly data: readonly Item[]; readonly next_cursor: string | null };

/**
 * A list that is read page by page as it is walked: `for await (const payment of tributary.payments.list())`.
 */
export type List<Item> = AsyncIterable<Item> & {
  /** The first page, or the one at `cursor`. */
  page(): Promise<Page<Item>>;
  /** The first `max` items. */
  take(max: number): Promise<Item[]>;
};

/** @param read the page at a cursor; undefined: the first. */
export function listOf<Item>(
  cursor: string | undefined,
  read: (cursor: string | undefined) => Promise<Page<Item>>,
): List<Item> {
  async function* walk(): AsyncGenerator<Item> {
    let place = cursor;
    for (;;) {
      const page = await read(place);
      yield* page.data;
      if (page.next_cursor === null) return;
      place = page.next_cursor;
    }
  }
  return {
    [Symbol.asyncIterator]: walk,
    page: () => read(cursor),
    take: async (max) => {
      const items: Item[] = [];
      if (max <= 0) return items;
      for await (const item of walk()) {
        items.push(item);
        if (items.length >= max) break;
      }
      return items;
    },
  };
}
