import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Mapping, type MappingVersion, mappingFault } from "./model.ts";
import * as store from "./store.ts";

export type Mappings = {
  /** Writes a new version. Throws `invalid_request` for one that cannot work. */
  save(name: string, definition: Mapping, madeBy: Id): Promise<MappingVersion>;
  /** A version, the newest for null. Throws `not_found`. */
  get(name: string, version: number | null): Promise<MappingVersion>;
  /** The newest version of each, by name. */
  list(after: string | null, limit: number): Promise<MappingVersion[]>;
};

const TRIES_MAX = 20;

export function createMappings({ cell }: { readonly cell: Cell }): Mappings {
  return {
    save: async (name, definition, madeBy) => {
      const fault = mappingFault(definition);
      if (fault !== null) {
        throw problem("invalid_request", { field: fault.field, detail: `${fault.field}: ${fault.detail}` });
      }
      const { kind } = definition;
      for (let tried = 0; tried < TRIES_MAX; tried += 1) {
        const row = { name, kind, definition, madeAt: cell.clock.now(), madeBy };
        const saved = await cell.transact((tx) => store.insertMapping(tx, row));
        if (saved !== null) return saved;
      }
      throw problem("overloaded", { detail: "others are changing this mapping" });
    },
    get: async (name, version) => {
      const found = await store.findMapping(cell.db, name, version);
      if (found === null) throw problem("not_found", { detail: `there is no mapping ${name}` });
      return found;
    },
    list: (after, limit) => store.listMappings(cell.db, after, limit),
  };
}
