/** What channels, banks and others tell of a day: received, kept as it came, read back. */

export type { BankEntry, BankStatement } from "./bank/model.ts";
export { readXml, type Xml } from "./bank/xml.ts";
export type { Fetched } from "./fetch.ts";
export type { FetchCounts } from "./fetches-store.ts";
export type { ExpectedScope, Fetching } from "./fetching.ts";
export { createStatementFiles, type StatementFiles } from "./files.ts";
export type { Mapping, MappingKind, MappingVersion } from "./mapping/model.ts";
export type { MappedRow } from "./mapping/read.ts";
export type { Mappings } from "./mapping/service.ts";
export {
  type Reading,
  type Scope,
  type ScopeState,
  STATEMENT_KINDS,
  type StatementFetch,
  type StatementKind,
  type StatementRecord,
  type StatementSource,
  type StatementTotal,
} from "./model.ts";
export { createStatementsRoom, type StatementsRoom } from "./room.ts";
export { registerStatements, type StatementsRoutesDeps } from "./routes.ts";
export {
  createStatements,
  type Incoming,
  type Received,
  type Statements,
  type StatementsDeps,
} from "./service.ts";
export type { CommissionStatements, ToldCommissions } from "./told-commissions.ts";
export type { PayoutStatements, ToldPayouts } from "./told-payouts.ts";
