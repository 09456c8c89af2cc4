/** Collects what arrives while the previous batch commits. One batch is in flight at a time. */

const BATCH_MAX = 256;

type Waiting<Command, Result> = {
  readonly command: Command;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

export function createBatcher<Command, Result>(
  run: (commands: readonly Command[]) => Promise<readonly Result[]>,
): (command: Command) => Promise<Result> {
  const queue: Waiting<Command, Result>[] = [];
  let working = false;

  const work = async () => {
    while (queue.length > 0) {
      const batch = queue.splice(0, BATCH_MAX);
      try {
        const results = await run(batch.map(({ command }) => command));
        batch.forEach(({ resolve }, index) => {
          resolve(results[index] as Result);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    working = false;
  };
  return (command) =>
    new Promise((resolve, reject) => {
      queue.push({ command, resolve, reject });
      if (working) return;
      working = true;
      // After what else arrived in this turn of the event loop.
      setImmediate(() => void work());
    });
}
