/** A process of `npm run simulate -- --jobs N`: runs the seeds that it is told to, until let go. */
import { openRunner, type SeedOrder } from "./seeds.ts";

const runner = openRunner();

process.on("message", (order: SeedOrder) => {
  runner
    .then(({ run }) => run(order.seed, order.options))
    .then((result) => process.send?.(result))
    .catch((error: unknown) => {
      process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
      process.exit(1);
    });
});
process.on("disconnect", () => {
  void runner.then((open) => open.close()).finally(() => process.exit());
});
