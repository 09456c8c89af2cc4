/** Why a statement is refused as a whole, and where. */
export class StatementFault extends Error {
  readonly line: number;

  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
    this.name = "StatementFault";
    this.line = line;
  }
}
