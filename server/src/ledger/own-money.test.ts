import assert from "node:assert/strict";
import { it } from "node:test";
import type { AccountCode } from "./chart.ts";
import type { TrialBalanceRow } from "./model.ts";
import { moneyPositions } from "./own-money.ts";

const row = (code: AccountCode, signed: bigint, currency = "CNY"): TrialBalanceRow => ({
  code,
  currency,
  accounts: 1,
  debit: signed > 0n ? signed : 0n,
  credit: signed < 0n ? -signed : 0n,
});

it("what clients are owed is what is held for them, what is owed to us, and our own inside", () => {
  const rows = [
    row("channel_receivable", 9_962n),
    row("bank_reserve", 500n),
    row("bank_own", 30n),
    row("own_capital", -100n),
    row("merchant_pending", -9_940n),
    row("merchant_available", -480n),
    row("merchant_receivable", 20n),
    row("partner_payable", -12n),
    row("fee_income", -48n),
    row("channel_cost", 38n),
    row("suspense_surplus", -5n),
    row("suspense_shortage", 35n),
    row("memo_channel_receivable", 1_000n),
    row("memo_merchant_pending", -1_000n),
  ];
  const [position, ...others] = moneyPositions(rows);
  assert.deepEqual(others, []);
  assert.deepEqual(position, {
    currency: "CNY",
    clientLiabilities: 9_940n + 480n + 5n,
    heldForClients: 9_962n + 500n + 35n,
    owedToUs: 20n,
    payables: 12n,
    income: 48n,
    expense: 38n,
    ownMoneyInside: 100n + 48n - 38n - 30n,
  });
  const { clientLiabilities, heldForClients, owedToUs, payables, ownMoneyInside } =
    position as typeof position & {};
  assert.equal(clientLiabilities, heldForClients + owedToUs - payables - ownMoneyInside);
});

it("a platform that took more than it earned has client money inside, currency by currency", () => {
  const rows = [row("bank_own", 10n), row("bank_reserve", -10n), row("fee_income", -3n, "USD")];
  assert.deepEqual(
    moneyPositions(rows).map(({ currency, ownMoneyInside }) => [currency, ownMoneyInside]),
    [
      ["CNY", -10n],
      ["USD", 3n],
    ],
  );
});

it("a partner that is paid, and a cost paid from our own account, leave the rest whose it was", () => {
  const before = [
    row("bank_reserve", 1_000n),
    row("bank_own", 50n),
    row("own_capital", -50n),
    row("merchant_available", -900n),
    row("partner_payable", -30n),
    row("channel_cost_payable", -20n),
    row("fee_income", -70n),
    row("channel_cost", 20n),
  ];
  const after = (changes: Partial<Record<AccountCode, bigint>>) => {
    const changed = before.map((one) => ({ ...one, signed: one.debit - one.credit }));
    const rows = changed.map(({ code, signed }) => row(code, changes[code] ?? signed));
    if (changes.payout_clearing !== undefined) rows.push(row("payout_clearing", changes.payout_clearing));
    const [position] = moneyPositions(rows);
    const { clientLiabilities, heldForClients, owedToUs, payables, ownMoneyInside } =
      position as typeof position & {};
    assert.equal(clientLiabilities, heldForClients + owedToUs - payables - ownMoneyInside);
    return { clientLiabilities, payables, ownMoneyInside };
  };
  assert.deepEqual(after({}), { clientLiabilities: 900n, payables: 50n, ownMoneyInside: 50n });
  const sent = after({ partner_payable: 0n, payout_clearing: -30n });
  assert.deepEqual(sent, { clientLiabilities: 930n, payables: 20n, ownMoneyInside: 50n });
  const paid = after({ partner_payable: 0n, bank_reserve: 970n });
  assert.deepEqual(paid, { clientLiabilities: 900n, payables: 20n, ownMoneyInside: 50n });
  // What lay in the reserve for the channel is our own now.
  const cost = after({ channel_cost_payable: 0n, bank_own: 30n });
  assert.deepEqual(cost, { clientLiabilities: 900n, payables: 30n, ownMoneyInside: 70n });
});

it("commission is our own without being among the clients' money, owed or received", () => {
  const before = [row("bank_reserve", 900n), row("merchant_available", -900n)];
  const owed = [row("commission_receivable", 40n), row("fee_income", -40n)];
  const received = [row("bank_own", 40n), row("fee_income", -40n)];
  for (const rows of [before, [...before, ...owed], [...before, ...received]]) {
    const [position] = moneyPositions(rows);
    const { clientLiabilities, heldForClients, owedToUs, payables, ownMoneyInside } =
      position as typeof position & {};
    assert.equal(ownMoneyInside, 0n);
    assert.equal(clientLiabilities, heldForClients + owedToUs - payables - ownMoneyInside);
  }
});
