import assert from "node:assert/strict";
import type { Id } from "../kernel/ids.ts";
import { type BackOffice, startBackOffice } from "../operators/testing.ts";
import { registerMerchants } from "./routes.ts";
import { createMerchants, type Merchants } from "./service.ts";

/** The back office with merchants. Books are noted instead of opened: the ledger has tests of its own. */
export type MerchantOffice = BackOffice & {
  readonly merchants: Merchants;
  /** Each call that opened a book, in order. */
  readonly books: { merchantId: Id; currencies: readonly string[] }[];
  /** True: the next opening fails, as if the cell were away. */
  readonly trouble: { cellIsAway: boolean };
  /** A second process over the same database: its caches are its own. */
  anotherProcess(): Merchants;
  /** Makes a merchant; gives its id. */
  admit(name: string, ...currencies: string[]): Promise<string>;
  /** Makes an API key; gives it with its secret. */
  keyFor(merchant: string, more?: Record<string, unknown>): Promise<{ id: string; secret: string }>;
};

export async function startMerchantOffice(
  extend: (office: BackOffice, merchants: Merchants) => void = () => {},
): Promise<MerchantOffice> {
  const books: MerchantOffice["books"] = [];
  const trouble = { cellIsAway: false };
  const openMerchantBook = async (merchantId: Id, currencies: readonly string[]) => {
    if (trouble.cellIsAway) throw new Error("the cell is away");
    books.push({ merchantId, currencies });
  };
  const renamed = async () => undefined;
  let merchants: Merchants | null = null;
  const office = await startBackOffice((started) => {
    merchants = createMerchants({ ...started.deps, operators: started.operators, openMerchantBook, renamed });
    registerMerchants(started.http, { ...started.deps, operators: started.operators, merchants });
    extend(started, merchants);
    return merchants.approvalActions;
  });
  return {
    ...office,
    merchants: merchants as unknown as Merchants,
    books,
    trouble,
    anotherProcess: () =>
      createMerchants({ ...office.deps, operators: office.operators, openMerchantBook, renamed }),
    admit: async (name, ...currencies) => {
      const body = { name, legal_name: `${name} Limited`, fee_rate_millionths: 6_000 };
      const more = currencies.length > 0 ? { currencies } : {};
      const made = await office.call("POST", "/v1/ops/merchants", { ...body, ...more });
      assert.equal(made.status, 201, made.text);
      return made.body.id;
    },
    keyFor: async (merchant, more = {}) => {
      const made = await office.call("POST", `/v1/ops/merchants/${merchant}/api_keys`, {
        label: "till",
        ...more,
      });
      assert.equal(made.status, 201, made.text);
      return made.body;
    },
  };
}
