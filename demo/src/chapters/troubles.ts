/** What goes wrong in a payment's life, and comes right by itself. */
import type { Stage } from "../stage.ts";
import { abandonedAndForged } from "./troubles/abandoned-and-forged.ts";
import { lostAnswer } from "./troubles/lost-answer.ts";
import { paidTwice } from "./troubles/paid-twice.ts";
import { wrongAmount } from "./troubles/wrong-amount.ts";

export async function liveThroughTroubles(stage: Stage): Promise<void> {
  const { terminal } = stage;
  terminal.chapter("Five things that go wrong");
  terminal.tell(
    "A time-out is not a failure, a notification is only a claim until its signature and its amount have " +
      "been checked, and money that moved is always booked.",
  );
  await lostAnswer(stage);
  terminal.line();
  await paidTwice(stage);
  terminal.line();
  await abandonedAndForged(stage);
  terminal.line();
  await wrongAmount(stage);
}
