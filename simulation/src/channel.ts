/** The channel of a world: the sandbox's real state machine on a memory store, reached without sockets. */
import { type RunningSandbox, startSandbox } from "../../sandbox/src/index.ts";
import type { Chance } from "./chance.ts";
import type { KeyRing } from "./keys.ts";
import { type NetworkDeps, type Place, send } from "./network.ts";
import type { Owner } from "./scheduler.ts";

const SANDBOX_URL = "http://sandbox.test";
const NOTIFICATION_TIMEOUT_MS = 10_000;

export type ChannelDeps = NetworkDeps & {
  readonly chance: Chance;
  readonly keys: KeyRing;
  /** Where notifications go. */
  readonly platform: Place;
  readonly violated: (what: string) => void;
};

export type SimulatedChannel = { readonly sandbox: RunningSandbox; readonly channel: Place };

export async function startChannel(deps: ChannelDeps): Promise<SimulatedChannel> {
  const owner: Owner = { name: "channel", alive: true };
  const luck = deps.chance.stream("channel");
  const sandbox = await startSandbox({
    host: "",
    port: 0,
    store: { kind: "memory" },
    clock: deps.scheduler.clockOf(owner),
    random: {
      bytes: (count) => luck.bytes(count),
      fraction: () => luck.fraction(),
      keyPair: async () => deps.keys.next(),
    },
    log: (line) => deps.violated(`the sandbox logged: ${line}`),
    within: {
      url: SANDBOX_URL,
      post: async ({ url, headers, body }) => {
        const answer = await send(deps, {
          from: owner,
          label: "notification",
          to: deps.platform,
          request: { method: "POST", url, headers, body },
          timeoutMs: NOTIFICATION_TIMEOUT_MS,
          sender: null,
        });
        return { status: answer.status, body: answer.body.toString("utf8") };
      },
    },
  });
  const channel: Place = async ({ method, url, headers, body }) => {
    const { pathname, search } = new URL(url);
    const payload = body === null ? {} : { payload: body };
    const answer = await sandbox.inject({ method, url: pathname + search, headers, ...payload });
    return {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
      body: answer.rawPayload,
    };
  };
  return { sandbox, channel };
}

/** An address of the sandbox. */
export function sandboxUrl(path: string): string {
  return SANDBOX_URL + path;
}
