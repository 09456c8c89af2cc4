import type { SandboxClock, SandboxRandom } from "../clock.ts";
import type { Collection, SandboxStore } from "../store/index.ts";
import { issueRoot } from "./issue.ts";

/** The sandbox's own certification authority. There is one, whichever channel asks for a certificate. */
export type Authority = { id: "root"; privateKey: string; publicKey: string; certificate: string };

export const authorities: Collection<Authority> = {
  name: "authorities",
  id: (authority) => authority.id,
  keys: {},
  group: null,
  dueAt: null,
};

/** The authority, made when it is first needed. */
export async function authorityOf(deps: {
  store: SandboxStore;
  clock: SandboxClock;
  random: SandboxRandom;
}): Promise<Authority> {
  const known = await deps.store.get(authorities, "root");
  if (known) return known;
  const pair = await deps.random.keyPair();
  const certificate = issueRoot(pair, deps.random, deps.clock.now());
  const made: Authority = { id: "root", ...pair, certificate };
  await deps.store.transaction((tx) => tx.insert(authorities, made));
  return (await deps.store.get(authorities, "root"))!;
}
