/**
 * Every room's invariants, in the order of the documentation's list: what `npm run audit` and the tests
 * check.
 */
import { invariants as fees } from "../fees/index.ts";
import type { Invariant } from "../kernel/invariants.ts";
import { invariants as ledger } from "../ledger/index.ts";
import { invariants as payments } from "../payments/index.ts";
import { invariants as payouts } from "../payouts/index.ts";
import { invariants as reconciliation } from "../reconciliation/index.ts";
import { invariants as settlement } from "../settlement/index.ts";
import { invariants as sharing } from "../sharing/index.ts";
import { invariants as webhooks } from "../webhooks/index.ts";

const rooms = [fees, ledger, payments, payouts, reconciliation, settlement, sharing, webhooks];

export const invariants: readonly Invariant[] = rooms.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
