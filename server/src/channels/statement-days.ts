/**
 * What people should know of a file that names no day of its own and has no line of the day that it is kept
 * for: it may have been given another day's date. It refuses nothing, since channels list what came late.
 */
export function notesOfOtherDay(
  lines: readonly { readonly line: number; readonly date: string }[],
  channelDate: string,
): string[] {
  const [first] = lines;
  if (first === undefined || lines.some(({ date }) => date === channelDate)) return [];
  return [`no line is of ${channelDate}: line ${first.line} is of ${first.date}; is it the right day's file`];
}

/** A statement's notes, left out where there are none. */
export function withNotes(notes: readonly string[]): { readonly notes?: readonly string[] } {
  return notes.length === 0 ? {} : { notes };
}
