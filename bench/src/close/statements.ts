/** The instant channel's statements of a day, handed out over HTTP, and how the platform comes by them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { formatId } from "../../../server/src/kernel/ids.ts";
import type { BenchPlatform } from "../platform.ts";
import type { ClosingDay } from "./day.ts";

const FETCHES_AT_ONCE = 8;

/** The channel's side: it hands out each account's statement of the day. */
export async function startStatements() {
  let day: ClosingDay | null = null;
  const server = createServer((request, response) => {
    const [, , account = "", date] = (request.url ?? "").split("/");
    const text = day?.date === date ? day?.statements.get(account) : undefined;
    response.statusCode = text === undefined ? 404 : 200;
    response.end(text ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handOut: (given: ClosingDay) => {
      day = given;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Has each statement fetched, as an operator may at any hour: by night it is due by the calendar. */
export async function fetchAll({ ops }: BenchPlatform, { date, statements }: ClosingDay): Promise<void> {
  const waiting = [...statements.keys()];
  const hand = async () => {
    for (let account = waiting.pop(); account !== undefined; account = waiting.pop()) {
      await ops("POST", `/v1/ops/channel_accounts/${formatId("cha", account)}/statements/${date}/fetch`);
    }
  };
  await Promise.all(Array.from({ length: FETCHES_AT_ONCE }, hand));
}
