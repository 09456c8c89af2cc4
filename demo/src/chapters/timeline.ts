/** One payment's whole life on a page: the first thing that a person looks at. */
import type { TimelineItem } from "@tributary/sdk";
import { yuan } from "../money.ts";
import type { Stage } from "../stage.ts";
import type { Style } from "../terminal.ts";

const STYLES: Readonly<Record<TimelineItem["kind"], Style>> = {
  payment: "bold",
  attempt: "cyan",
  refund: "magenta",
  dispute: "red",
  share: "yellow",
  exchange: "dim",
  journal: "green",
  event: "yellow",
  delivery: "dim",
};

export async function readTimeline(stage: Stage): Promise<void> {
  const { terminal, checks, office, shown } = stage;
  if (shown === null) throw new Error("no chapter chose a payment to look at");
  terminal.chapter("One payment's life");
  terminal.tell(
    `Everything that the platform knows of ${shown.why}, in order. Seconds count from its creation.`,
  );
  const items = await office.timeline(shown.paymentId);
  const startedAt = Date.parse(items[0]?.at ?? "");
  for (const item of items) {
    const seconds = ((Date.parse(item.at) - startedAt) / 1_000).toFixed(3);
    const kind = terminal.paint(STYLES[item.kind], item.kind.padEnd(8));
    terminal.line(`  ${terminal.paint("dim", `${seconds.padStart(8)} s`)}  ${kind}  ${item.what}`);
    for (const entry of entriesOf(item)) {
      terminal.line(`${" ".repeat(22)}${terminal.paint("dim", entry)}`);
    }
  }
  // Nobody disputed it, and nobody has a share in it.
  const expected = Object.keys(STYLES).filter((kind) => kind !== "dispute" && kind !== "share");
  const kinds = expected.filter((kind) => items.some((item) => item.kind === kind));
  const look = `GET …/v1/ops/payments/${shown.paymentId}/timeline`;
  checks.equal("the timeline leaves nothing out", kinds, expected, look);
  const sums = items.filter(({ kind }) => kind === "journal").map((item) => sumOf(item));
  checks.equal(
    "each of its journals balances",
    sums,
    sums.map(() => 0),
    look,
  );
}

type Line = { readonly code: string; readonly amount: number };

function linesOf(item: TimelineItem): readonly Line[] {
  return item.kind === "journal" ? (item.detail.entries as readonly Line[]) : [];
}

function entriesOf(item: TimelineItem): string[] {
  return linesOf(item).map(({ code, amount }) => {
    const side = amount > 0 ? "Dr" : "   Cr";
    return `${`${side} ${code}`.padEnd(26)} ${yuan(Math.abs(amount)).padStart(9)}`;
  });
}

function sumOf(item: TimelineItem): number {
  return linesOf(item).reduce((sum, { amount }) => sum + amount, 0);
}
