import { posix } from "node:path";
import { finding, importsOf, type Source } from "./source.ts";
import { type Finding, isProgram, isTest } from "./tree.ts";

/**
 * The rooms of server/src, the lowest first: a room imports from lower ranks only, and only their index.ts.
 */
export const ranks: readonly (readonly string[])[] = [
  ["kernel"],
  ["operators", "ledger"],
  ["merchants"],
  ["channels"],
  ["fees", "webhooks", "codes"],
  ["routing", "limits", "risk", "sharing"],
  ["payments"],
  ["plates", "checkout", "statements", "verification"],
  ["reconciliation"],
  ["settlement"],
  ["payouts"],
  ["dayclose"],
  ["operations"],
  ["bank-statements.ts"],
  ["close-rooms.ts"],
  ["app.ts", "demo-merchant.ts"],
  ["main.ts"],
];

/** What one workspace may import from another; a package that is named here is reached by its name. */
const mayUse: Record<string, readonly string[]> = {
  server: [],
  sandbox: [],
  sdk: [],
  demo: ["sdk"],
  bench: ["server"],
  simulation: ["server", "sandbox", "tools"],
  web: [],
  tools: ["server", "sandbox", "sdk", "demo", "web"],
};

/** Imports that go up, sideways or past an index.ts, between rooms or between workspaces. */
export function arrows(source: Source): Finding[] {
  return importsOf(source).flatMap((named) => {
    const target = targetOf(source.path, named.module);
    // Starting a program is what a person does too; nothing of it becomes known.
    const started = named.asPath && isProgram(target ?? "");
    const message = target === null || started ? null : judge(source.path, target);
    return message === null ? [] : [finding(source, named, message)];
  });
}

function targetOf(path: string, module: string): string | null {
  const workspace = /^@tributary\/([a-z-]+)$/.exec(module)?.[1];
  if (workspace !== undefined) return `${workspace}/src/index.ts`;
  return module.startsWith(".") ? posix.join(posix.dirname(path), module) : null;
}

function judge(path: string, target: string): string | null {
  const [from, to] = [workspaceOf(path), workspaceOf(target)];
  if (from !== to) return betweenWorkspaces(path, target, from, to);
  if (from !== "server" || isTest(path)) return null;
  return betweenRooms(path, target);
}

function betweenWorkspaces(path: string, target: string, from: string, to: string): string | null {
  // The sandbox is the judge of the server and shares no code with it, not even in its tests.
  const apart = from === "sandbox" && to === "server";
  if (isTest(path) && !apart) return null;
  if (mayUse[from]?.includes(to)) return null;
  if (path === "server/src/main.ts" && target === "sandbox/src/index.ts") return null;
  return `${from}/ imports ${target}, which it must not know`;
}

function betweenRooms(path: string, target: string): string | null {
  const [from, to] = [roomOf(path), roomOf(target)];
  if (from === to) return null;
  if (to === "config.ts")
    return from === "app.ts" || isProgram(path) ? null : "only app.ts and programs see the settings";
  const [rankFrom, rankTo] = [isProgram(path) ? ranks.length : rankOf(from), rankOf(to)];
  if (rankFrom === -1 && from !== "config.ts")
    return `the room ${from} has no place in the order of rooms (tools/tidy/arrows.ts)`;
  if (rankTo === -1) return `the room ${to} has no place in the order of rooms (tools/tidy/arrows.ts)`;
  if (from === "config.ts") return rankTo === 0 ? null : "config.ts imports the kernel alone";
  if (rankTo >= rankFrom) return `${from} imports ${to}, which lies above or beside it`;
  // The composition root chooses among what a room brings, such as its channels.
  if (from === "app.ts" && target.endsWith("/index.ts")) return null;
  const inside = to !== "kernel" && to.endsWith(".ts") === false && target !== `server/src/${to}/index.ts`;
  return inside ? `imports past ${to}/index.ts` : null;
}

function workspaceOf(path: string): string {
  return path.split("/")[0] ?? "";
}

function roomOf(path: string): string {
  return path.split("/")[2] ?? "";
}

function rankOf(room: string): number {
  return ranks.findIndex((rooms) => rooms.includes(room));
}
