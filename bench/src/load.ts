/** The generator's process, as the scenarios use it. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { GeneratorCommand, GeneratorCount, GeneratorEvent } from "./commands.ts";

export type Load = {
  readonly receiverPort: number;
  readonly pid: number;
  tell(command: GeneratorCommand): void;
  count(): Promise<GeneratorCount>;
  /** One byte per payment: the bits of what was acknowledged. */
  acknowledged(): Promise<Uint8Array>;
  stop(): Promise<void>;
};

/** Starts the generator; it waits to be told. Its end before it is told to stop fails what waits for it. */
export async function startLoad(): Promise<Load> {
  const child: ChildProcess = fork(fileURLToPath(new URL("./generator.ts", import.meta.url)));
  const counts: PromiseWithResolvers<GeneratorCount>[] = [];
  const flags: PromiseWithResolvers<Uint8Array>[] = [];
  const ready = Promise.withResolvers<number>();
  child.once("exit", (code) => {
    const error = new Error(`the generator ended with ${code}`);
    for (const waiting of [ready, ...counts, ...flags]) waiting.reject(error);
  });
  child.on("message", (event: GeneratorEvent) => {
    if (event.is === "ready") ready.resolve(event.receiverPort);
    else if (event.is === "count") counts.shift()?.resolve(event.count);
    else flags.shift()?.resolve(Buffer.from(event.flags, "base64"));
  });
  const receiverPort = await ready.promise;
  const tell = (command: GeneratorCommand) => {
    child.send(command);
  };
  const ask = <T>(waiting: PromiseWithResolvers<T>[], command: GeneratorCommand): Promise<T> => {
    const answer = Promise.withResolvers<T>();
    waiting.push(answer);
    tell(command);
    return answer.promise;
  };
  return {
    receiverPort,
    pid: child.pid as number,
    tell,
    count: () => ask(counts, { do: "count" }),
    acknowledged: () => ask(flags, { do: "acknowledged" }),
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        tell({ do: "stop" });
      }),
  };
}
