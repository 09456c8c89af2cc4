/**
 * The load generator, a process of its own: it creates payments, plays the buyer and the channel (each
 * success is reported over HTTP), and receives the webhooks. It is told what to do over the process's channel
 * and tells what it counted.
 */
import type { GeneratorCommand, GeneratorEvent } from "./commands.ts";
import { Payer } from "./payer.ts";
import { startReceiver } from "./receiver.ts";

async function main(): Promise<void> {
  let payer: Payer | null = null;
  const receiver = await startReceiver((number) => payer?.told(number));
  const send = (event: GeneratorEvent) => process.send?.(event);
  process.on("message", (command: GeneratorCommand) => {
    if (command.do === "start") payer = new Payer(command);
    else if (command.do === "behave") receiver.behave(command.path, command.behaviour);
    else if (command.do === "stop") process.exit(0);
    else if (payer === null) throw new Error(`told to ${command.do} before the start`);
    else if (command.do === "count") send({ is: "count", count: payer.count(receiver.received()) });
    else if (command.do === "acknowledged") send({ is: "acknowledged", flags: payer.acknowledged() });
    else if (command.do === "phase") payer.begin(command);
    else if (command.do === "connect") payer.connect();
    else payer.pause();
  });
  process.on("disconnect", () => process.exit(0));
  send({ is: "ready", receiverPort: receiver.port });
}

await main();
