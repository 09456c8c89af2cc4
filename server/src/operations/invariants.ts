/**
 * Every room's invariants, in the order of the documentation's list: what `npm run audit` and the tests
 * check.
 */
import type { Invariant } from "../kernel/invariants.ts";
import { invariants as ledger } from "../ledger/index.ts";
import { invariants as payments } from "../payments/index.ts";
import { invariants as sharing } from "../sharing/index.ts";
import { invariants as webhooks } from "../webhooks/index.ts";

export const invariants: readonly Invariant[] = [...ledger, ...payments, ...sharing, ...webhooks].sort(
  (a, b) => (a.name < b.name ? -1 : 1),
);
