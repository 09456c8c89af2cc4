/** The shop opens: who it is, what its contracts cost, where it hears of its money, what it has. */
import { percent, yuan } from "../money.ts";
import type { Stage } from "../stage.ts";

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

export async function openTheCounter(stage: Stage): Promise<void> {
  const { terminal, checks, merchant, contracts, shop, receiver, platform, booksBefore } = stage;
  const costs = contracts.map(({ name, account }) => `${name} ${percent(account.cost_rate_millionths)}`);
  terminal.chapter("A shop opens its counter");
  terminal.tell(
    `${merchant.name} takes money with ${listed(contracts.map(({ name }) => name))}. It pays the ` +
      `platform ${percent(merchant.fee_rate_millionths)} of each payment; the channels keep their part: ` +
      `${listed(costs)}. All is rounded half up, to the smallest coin.`,
  );
  terminal.fact("merchant", merchant.id);
  for (const { account } of contracts) terminal.fact("channel account", `${account.id}  ${account.label}`);
  terminal.fact("secret key", `${platform.demo.secret_key.slice(0, 8)}…`);

  const endpoint = await shop.webhookEndpoints.create({
    url: receiver.url,
    description: "The demo's receiver",
  });
  receiver.trust(endpoint.secret);
  terminal.fact("webhooks go to", receiver.url);

  const accounts = await shop.accounts.list({ currency: "CNY" }).take(20);
  const codes = ["merchant_pending", "merchant_available"] as const;
  const names = { merchant_pending: "not yet settled", merchant_available: "may be paid out" };
  for (const code of codes) {
    const found = accounts.find((each) => each.code === code);
    terminal.fact(names[code], `${yuan(found?.natural_balance ?? 0).padStart(9)} CNY`);
  }
  terminal.line();
  const used = booksBefore.some(({ entries_count }) => entries_count > 0);
  if (used) terminal.tell("The shop has taken money before; everything below counts from here.");
  const delivery = await shop.webhookEndpoints.test(endpoint.id);
  checks.equal(
    "the test webhook is on its way",
    delivery.event_type,
    "ping",
    "POST /v1/webhook_endpoints/{id}/test",
  );
  await checks.until({
    claim: "the shop hears a first, signed ping",
    read: async () => receiver.events().some(({ type }) => type === "ping"),
    done: (heard) => heard,
    look: `GET ${platform.demo.base_url}/v1/deliveries/${delivery.id}`,
  });
  terminal.done("The platform sent a ping, and its signature is good: the shop can be told things.");
}
