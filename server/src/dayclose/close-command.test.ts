import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { closeDay } from "./close-command.ts";

it("a close at a terminal tells once about when it will be done, as soon as that is known", async () => {
  const step = { name: "settle", title: "Settle", done: 3, detail: null, estimated_end_at: null };
  const seen = [
    { state: "running", estimated_end_at: null, steps: [] },
    {
      state: "running",
      estimated_end_at: "2031-05-06T16:11:05.000Z",
      steps: [{ ...step, state: "running", left: 7 }],
    },
    { state: "running", estimated_end_at: "2031-05-06T16:11:06.000Z", steps: [] },
    { state: "done", estimated_end_at: null, steps: [] },
  ];
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(seen.shift()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const printed: string[] = [];
    const code = await closeDay(
      { date: "2031-05-06", withoutStatements: false, wait: false },
      {
        out: (line) => printed.push(line),
        clock: systemClock,
        where: { dataDir: "", operatorKey: null, url: `http://127.0.0.1:${port}`, token: "t" },
      },
    );
    assert.equal(code, 0);
    assert.deepEqual(printed.slice(0, 2), [
      "… Settle: 3 of 10\n",
      "  The day is closed about 16:11:05 UTC, if no channel is late.\n",
    ]);
    assert.equal(printed.filter((line) => line.includes("about")).length, 1);
  } finally {
    server.close();
  }
});
