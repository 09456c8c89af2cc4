/** The generator's process, as the scenarios use it. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { GeneratorCommand, GeneratorCount, GeneratorEvent } from "./generator.ts";

export type Load = {
  readonly receiverPort: number;
  readonly pid: number;
  tell(command: GeneratorCommand): void;
  count(): Promise<GeneratorCount>;
  stop(): Promise<void>;
};

/** Starts the generator; it waits to be told. */
export async function startLoad(): Promise<Load> {
  const child: ChildProcess = fork(fileURLToPath(new URL("./generator.ts", import.meta.url)));
  const waiting: ((count: GeneratorCount) => void)[] = [];
  const receiverPort = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the generator ended with ${code}`)));
    child.on("message", (event: GeneratorEvent) => {
      if (event.is === "ready") resolve(event.receiverPort);
      else waiting.shift()?.(event.count);
    });
  });
  const tell = (command: GeneratorCommand) => {
    child.send(command);
  };
  return {
    receiverPort,
    pid: child.pid as number,
    tell,
    count: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        tell({ do: "count" });
      }),
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        tell({ do: "stop" });
      }),
  };
}
