/**
 * Stands in for kernel/database.ts while statements are collected: the same, but `sql` remembers what it
 * made.
 */
import { sql as declare, type Statement } from "../../server/src/kernel/database.ts";

export * from "../../server/src/kernel/database.ts";

export const recorded: Statement[] = [];

export function sql(name: string, text: string): Statement {
  const statement = declare(name, text);
  recorded.push(statement);
  return statement;
}
