import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { listenerOf } from "./processes.ts";
import { StartRefused } from "./start-refused.ts";

/**
 * Throws `StartRefused` when nobody could listen at this address now, naming who does if that can be seen.
 * `setting` is the variable that names the port.
 */
export async function refuseTakenPort(host: string, port: number, setting: string): Promise<void> {
  const failure = await tryListening(host, port);
  if (failure !== null) throw portRefusal(failure, host, port, setting);
}

/** A port that nobody uses at this moment; whoever listens on it must be ready to find it taken after all. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

function tryListening(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error) => resolve(error));
    probe.listen(port, host, () => probe.close(() => resolve(null)));
  });
}

function portRefusal(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  setting: string,
): StartRefused {
  switch (error.code) {
    case "EADDRINUSE":
      return new StartRefused(
        `Port ${port} is taken${takenBy(port)} Stop it, or set ${setting} to another port.`,
      );
    case "EACCES":
      return new StartRefused(
        `Port ${port} is not yours to use: set ${setting} to one from 1024 on, such as 8080.`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new StartRefused(
        `This machine has no address ${host}: set HOST to one that it has, such as 127.0.0.1.`,
      );
    default:
      return new StartRefused(`Port ${port} at ${host} cannot be used: ${error.message}.`);
  }
}

function takenBy(port: number): string {
  const pid = listenerOf(port);
  if (pid === null) return `; to see by whom: lsof -i :${port} (as root, where it is another user's).`;
  return ` by process ${pid}${commandOf(pid)}.`;
}

function commandOf(pid: number): string {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
    return command === "" ? "" : ` (${command.slice(0, commandLengthMax)})`;
  } catch {
    return "";
  }
}

const commandLengthMax = 80;
