/** How breaks end: what people decide by, and the two of them who decide. */
import type { Sold } from "./lies.ts";
import type { Break } from "./office.ts";
import type { Scene } from "./scene.ts";

/** One proposes how it ends, another approves. */
export async function resolve(
  scene: Scene,
  { id, kind }: Break,
  how: string,
  merchant?: string,
): Promise<void> {
  const wish = { resolution: how, ...(merchant !== undefined && { merchant }) };
  await scene.closing.resolve(id, wish, "As agreed with the channel");
  const now = (await scene.closing.breaks()).find((each) => each.id === id);
  const look = `GET /v1/ops/breaks/${id}`;
  scene.checks.equal(
    `the ${kind} is resolved by two people`,
    [now?.state, now?.resolution],
    ["resolved", how],
    look,
  );
  scene.terminal.done(`${kind}: one proposes ${how}, another approves`);
}

export function one(found: readonly Break[], kind: string): Break {
  const [first] = found.filter((each) => each.kind === kind);
  if (first === undefined) throw new Error(`there is no break of kind ${kind}`);
  return first;
}

/** What a person decides by: the one row that there is, and what happened to the break. */
export async function showEvidence(
  { terminal, checks, closing }: Scene,
  id: string,
  side: "theirs" | "ours",
): Promise<void> {
  const { kind, theirs, ours, events, contract } = await closing.evidence(id);
  checks.equal(
    `the evidence is the row of ${side} alone`,
    [theirs !== null, ours !== null],
    [side === "theirs", side === "ours"],
    `GET /v1/ops/breaks/${id}`,
  );
  terminal.fact(
    kind,
    [
      theirs === null
        ? "the statement: has no such line"
        : `the statement: ${theirs.kind} of ${theirs.channel_trade_no}, ${theirs.subject}`,
      ours === null
        ? "the books: nothing"
        : `the books: ${ours.journal_kind} of ${ours.channel_date}, order ${ours.channel_order_no}`,
      `the contract: ${contract?.label}`,
      `since then: ${events.map((event) => event.kind).join(", ")}`,
    ].join("\n"),
  );
}

export async function endWhatIsLeft(scene: Scene, sold: Sold, left: readonly Break[]): Promise<void> {
  const { closing } = scene;
  const of = ({ id }: Sold["missing"]) => left.filter(({ payment }) => payment === id);
  const lacking = one(of(sold.missing), "payment_ours_only");
  await showEvidence(scene, lacking.id, "ours");
  await closing.claim(lacking.id, { claim_no: "C-2026-1" });
  await closing.claim(lacking.id, {
    claim_no: "C-2026-1",
    state: "paid",
    evidence: "Letter 88 of the channel",
  });
  await resolve(scene, lacking, "recover_from_channel");
  await resolve(scene, one(left, "refund_ours_only"), "refund_buyer");
  await resolve(scene, one(left, "refund_theirs_only"), "recover_from_merchant");
  // It stands under the number of the shop next door, so the money is that shop's.
  await payNeighbour(scene, one(left, "unknown_merchant"));
  await resolve(scene, one(of(sold.misnumbered), "payment_ours_only"), "recover_from_merchant");
}

async function payNeighbour(scene: Scene, found: Break): Promise<void> {
  const { closing, checks } = scene;
  const neighbour = await closing.openMerchant({
    name: "The shop next door",
    legal_name: "Next Door Trading Co., Ltd.",
    fee_rate_millionths: 8_000,
    currencies: [found.currency],
  });
  await resolve(scene, found, "pay_owner", neighbour.id);
  const pending = await closing.pendingOf(neighbour.id, found.currency);
  checks.equal("the owner has the surplus", pending, found.settle_difference, "GET /v1/ops/accounts");
}
