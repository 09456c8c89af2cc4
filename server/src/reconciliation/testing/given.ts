/** Statements that a test gives by their scopes. */
import type { StatementLine } from "../../channels/index.ts";
import type { GivenStatement } from "../generation/plan.ts";
import type { StatementSource } from "../generation/service.ts";
import type { Scope } from "../model.ts";

type Given = Omit<GivenStatement, "lines"> & { readonly lines: readonly StatementLine[] };

/** @param of the statement of a scope; null: there is none */
export function givenBy(of: (scope: Scope) => Promise<Given | null>): StatementSource {
  const one = async (scope: Scope): Promise<GivenStatement | null> => {
    const given = await of(scope);
    return given === null ? null : { ...given, lines: async () => given.lines };
  };
  return { statementsOf: (scopes) => Promise.all(scopes.map(one)) };
}
