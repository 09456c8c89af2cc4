import { StatementFault } from "./statement-fault.ts";

/**
 * A file that names no day of its own is told to be another day's by its lines: when none of them is of the
 * day. A single line's date never refuses a file, since channels list what came late.
 * @throws StatementFault at the first line
 */
export function refuseOtherDay(
  lines: readonly { readonly line: number; readonly date: string }[],
  channelDate: string,
): void {
  const [first] = lines;
  if (first === undefined || lines.some(({ date }) => date === channelDate)) return;
  throw new StatementFault(first.line, `is of ${first.date}, and no line is of ${channelDate}`);
}
