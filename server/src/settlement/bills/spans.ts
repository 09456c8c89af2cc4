/** Spans of an account's entries, as short statements read them. */
export type Span = { readonly fromSeq: bigint; readonly toSeq: bigint };

/** Entries read by one statement: some 100 ms. */
export const ENTRIES_PER_STATEMENT = 10_000n;

/** A span cut into pieces that one statement reads. */
export function cut<Kind extends Span>(span: Kind): Kind[] {
  const pieces: Kind[] = [];
  for (let fromSeq = span.fromSeq; fromSeq <= span.toSeq; fromSeq += ENTRIES_PER_STATEMENT) {
    const end = fromSeq + ENTRIES_PER_STATEMENT - 1n;
    pieces.push({ ...span, fromSeq, toSeq: end < span.toSeq ? end : span.toSeq });
  }
  return pieces;
}

/** Pieces in their order, together as long as one statement reads their entries, `atMost` so many. */
export function together<Kind extends Span>(
  pieces: readonly Kind[],
  atMost = ENTRIES_PER_STATEMENT,
): Kind[][] {
  const groups: Kind[][] = [];
  let room = 0n;
  for (const piece of pieces) {
    const entries = piece.toSeq - piece.fromSeq + 1n;
    const last = groups.at(-1);
    if (last !== undefined && entries <= room) {
      last.push(piece);
    } else {
      groups.push([piece]);
      room = atMost;
    }
    room -= entries;
  }
  return groups;
}
