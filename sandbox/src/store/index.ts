export { createMemoryStore } from "./memory.ts";
export {
  type Collection,
  Overtaken,
  type Page,
  type SandboxStore,
  type StoreReader,
  type StoreTx,
} from "./port.ts";
export { openPostgresStore } from "./postgres.ts";
