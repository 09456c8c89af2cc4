/** Everything that happened, as the merchant was told of it: signed, whole, once. */
import type { Event, EventContent } from "@tributary/sdk";
import type { Stage } from "../stage.ts";

/** A refund's arrival is asked about after a minute: it may or may not be told before the story ends. */
const MAY_COME = "refund.succeeded";

export async function hearWebhooks(stage: Stage): Promise<void> {
  const { terminal, checks, receiver, story, platform } = stage;
  terminal.chapter("What the shop was told");
  const expected = story.announcements.map(nameOf).sort(byText);
  const look = `GET ${platform.demo.base_url}/v1/deliveries`;
  const heard = () => receiver.events().filter((event) => isTold(stage, event));
  await checks.until({
    claim: `all ${expected.length} events of the story have arrived`,
    read: async () => new Set(heard().map(({ id }) => id)).size,
    done: (count) => count >= expected.length,
    look,
  });
  const events = await recordedEvents(stage);
  checks.equal(
    "the platform recorded what happened, no more and no less",
    events.map(nameOf).sort(byText),
    expected,
    `GET ${platform.demo.base_url}/v1/events`,
  );
  const arrivals = heard().map(({ id }) => id);
  checks.equal("each event arrived exactly once", arrivals.toSorted(byText), idsOf(events), look);
  terminal.tell(
    "The shop's receiver believes only what carries a good signature over exactly the bytes that came. " +
      "Each of these came once:",
  );
  const tick = terminal.paint("green", "✓");
  const groups = [...Map.groupBy(events, (event) => event.type)];
  terminal.table(
    [{ title: "" }, { title: "", side: "right" }, { title: "" }],
    groups.map(([type, group]) => [tick, `${group.length} ×`, type]),
  );
  terminal.line();
  await seenInInbox(stage, events);
  await refuseForgery(stage);
}

/** What the platform recorded about the story's payments and refunds. */
async function recordedEvents(stage: Stage): Promise<readonly Event[]> {
  const { shop, story } = stage;
  const events: Event[] = [];
  for await (const event of shop.events.list({ limit: 100 })) {
    if (new Date(event.created_at) < story.startedAt) break;
    if (isTold(stage, event)) events.push(event);
  }
  return events.reverse();
}

/** The sandbox's inbox is a second receiver, with its own verification. */
async function seenInInbox(stage: Stage, events: readonly Event[]): Promise<void> {
  const { terminal, checks, shop, sandbox, platform } = stage;
  const { inbox_url: inboxUrl } = platform.demo;
  const endpoints = await shop.webhookEndpoints.list();
  const inbox = endpoints.find(({ url, status }) => status === "enabled" && url.startsWith(`${inboxUrl}/`));
  if (inbox === undefined) return;
  const path = new URL(inbox.url).pathname;
  for (const { id, type } of events) {
    const found = await checks.until({
      claim: `the inbox has ${type} too`,
      read: () => sandbox.inbox(path, id),
      done: (items) => items.length > 0,
      look: inboxUrl,
    });
    const verified = found.map((item) => item.verified);
    checks.equal(`the inbox verified ${type}`, verified, [true], inboxUrl);
  }
  terminal.done(
    `The same ${events.length} lie in the sandbox's shop inbox, verified by other code: ${inboxUrl}`,
  );
}

const FORGED = "evt_forged";

/** Somebody who knows the address, but not the secret. */
async function refuseForgery({ terminal, checks, receiver }: Stage): Promise<void> {
  const [genuine] = receiver.events();
  const answer = await fetch(receiver.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": genuine?.id ?? FORGED,
      "webhook-timestamp": String(Math.floor(Date.now() / 1_000)),
      "webhook-signature": `v1,${Buffer.from("not the platform's").toString("base64")}`,
    },
    body: JSON.stringify({ id: FORGED, type: "payment.succeeded", data: {} }),
  });
  await answer.body?.cancel();
  const look = "sdk/src/webhook.ts";
  checks.equal("a forged webhook is refused", answer.status, 401, look);
  // A genuine one may come meanwhile.
  const believed = receiver.events().filter(({ id }) => id === FORGED);
  checks.equal("and not believed", believed.length, 0, look);
  checks.equal("it is the only one that was", receiver.rejected().length, 1, look);
  terminal.done(
    `One more came from this demo itself, forged, and was refused: ${receiver.rejected()[0]?.code}.`,
  );
}

/** Whether an event is about a payment of the story. */
function isTold({ story }: Stage, event: EventContent): boolean {
  switch (event.type) {
    case "ping":
    case "settlement.approved":
    case "settlement.paid":
    case MAY_COME:
      return false;
    case "refund.accepted":
    case "refund.failed":
    case "refund.returned":
      return story.paymentIds.has(event.data.refund.payment);
    case "dispute.opened":
    case "dispute.won":
    case "dispute.lost":
      return story.paymentIds.has(event.data.dispute.payment);
    case "payout.succeeded":
    case "payout.rejected":
    case "payout.returned":
      return false;
    default:
      return story.paymentIds.has(event.data.payment.id);
  }
}

function nameOf({ type, subject }: { readonly type: string; readonly subject: string }): string {
  return `${type} ${subject}`;
}

function idsOf(events: readonly Event[]): readonly string[] {
  return events.map(({ id }) => id).sort(byText);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
