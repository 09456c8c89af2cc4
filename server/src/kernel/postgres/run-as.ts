import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";

/** As whom PostgreSQL's programs run: they refuse to run as root. */
export type RunAs = {
  /** For the log: "yourself", "nobody", … */
  label: string;
  /** The command as it must be spawned. */
  wrap(command: readonly string[]): string[];
  /** Set when the process must change its user before it starts; files then belong to that user. */
  user?: { uid: number; gid: number };
};

type Account = { name: string; uid: number; gid: number };

/**
 * The ways to run PostgreSQL here, the preferred one first. `owner` is who owns the existing data files, if
 * there are any: nobody else may run on them. `home` is a folder whose owner is the natural user of this
 * checkout.
 */
export function waysToRun(owner: number | null, home: string): RunAs[] {
  const me = process.getuid?.() ?? 0;
  if (me !== 0) return hasAccount() ? [asMyself] : [inNamespace(), asMyself];
  if (owner !== null && owner !== 0) return [asUser(accountOf(owner))];
  if (owner === 0) return [inNamespace()];
  const neighbour = statSync(home).uid;
  const others = neighbour === 0 ? [] : [asUser(accountOf(neighbour))];
  return [inNamespace(), ...others, asUser(ordinaryAccount())];
}

/** Whether this way may execute `program` and enter `folder`: tried, since modes alone do not tell. */
export function canRun(way: RunAs, program: string, folder: string): boolean {
  const probe = '"$1" --version >/dev/null && cd "$2"';
  const [file = "", ...args] = way.wrap(["/bin/sh", "-c", probe, "probe", program, folder]);
  return spawnSync(file, args, { ...way.user, cwd: "/", stdio: "ignore" }).status === 0;
}

const asMyself: RunAs = { label: "yourself", wrap: (command) => [...command] };

/**
 * A user namespace in which our files look as if an ordinary user owned them. Inside, root is no longer root,
 * and outside nothing changed: data and programs stay where they are, wherever that is.
 */
function inNamespace(): RunAs {
  const { name, uid, gid } = ordinaryAccount();
  const unshare = ["unshare", "--user", `--map-user=${uid}`, `--map-group=${gid}`, "--"];
  return { label: `${name}, in a user namespace`, wrap: (command) => [...unshare, ...command] };
}

/** Root gives the process to an ordinary user before it starts. */
export function asUser({ name, uid, gid }: Account): RunAs {
  return { label: name, wrap: (command) => [...command], user: { uid, gid } };
}

/** initdb looks its user up, so the user must be one that the machine has. */
export function ordinaryAccount(): Account {
  const ordinary = accounts().filter((account) => account.uid !== 0);
  const nobody = ordinary.find((account) => account.name === "nobody");
  return nobody ?? ordinary[0] ?? { name: "nobody", uid: 65534, gid: 65534 };
}

function accountOf(uid: number): Account {
  return accounts().find((account) => account.uid === uid) ?? { name: `user ${uid}`, uid, gid: uid };
}

function accounts(): Account[] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .filter((fields) => fields.length >= 4)
    .map((fields) => ({ name: fields[0] ?? "", uid: Number(fields[2]), gid: Number(fields[3]) }));
}

function hasAccount(): boolean {
  try {
    return userInfo().username !== "";
  } catch {
    return false;
  }
}
