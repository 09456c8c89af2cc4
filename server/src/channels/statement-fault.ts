/** Why a statement is refused as a whole, and where. */
export class StatementFault extends Error {
  /** The line in the file, from 1; 0: the file as a whole, such as an archive that cannot be opened. */
  readonly line: number;
  /** The reason without its place. */
  readonly reason: string;
  /** It did not come whole: downloaded once more it may. */
  readonly isDamage: boolean;

  /** @param of the file within the original that has the line, where there are several */
  constructor(
    line: number,
    reason: string,
    of: { readonly file?: string; readonly isDamage?: boolean } = {},
  ) {
    const file = of.file === undefined ? "" : `${of.file}, `;
    super(line === 0 ? `${file}${reason}` : `${file}line ${line}: ${reason}`);
    this.name = "StatementFault";
    this.line = line;
    this.reason = `${file}${reason}`;
    this.isDamage = of.isDamage ?? false;
  }
}

/** What reading gives, with a refusal as a value. Any other error is a mistake of ours and passes through. */
export async function orFault<T>(read: () => T | Promise<T>): Promise<T | StatementFault> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StatementFault) return error;
    throw error;
  }
}

/** The same of what is read at once. */
export function faultOr<T>(read: () => T): T | StatementFault {
  try {
    return read();
  } catch (error) {
    if (error instanceof StatementFault) return error;
    throw error;
  }
}
