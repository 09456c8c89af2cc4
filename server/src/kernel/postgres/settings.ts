import { totalmem } from "node:os";
import { constrainedMemory } from "node:process";

const MEGABYTE = 1_048_576;
/** The hot tables' indexes of some ten million payments, and a laptop does not feel it. */
const BUFFERS_MB_MIN = 256;
/** A day of a million payments: its close reads most of it. */
const BUFFERS_MB_MAX = 2_048;
/** Of the machine's memory, or of the container's. */
const BUFFERS_SHARE = 8;

/** How the embedded PostgreSQL is set, beyond its own defaults, as command-line arguments; each says why. */
export function serverSettings(port: number, durable: boolean): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    // Nobody outside this machine is served, and nobody needs a socket file: a long path would break it.
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    // API, worker and batch pools of one process take about forty; the rest is for audit, demo, bench and a
    // psql.
    max_connections: "200",
    shared_buffers: `${durable ? buffersMb() : BUFFERS_MB_MIN}MB`,
    // Checkpoints by time, not by volume: at full load the default would make one every minute.
    max_wal_size: "2GB",
    // After a checkpoint each page goes into the log whole once; most of a page is zeros and likenesses.
    wal_compression: "on",
    // Statements are short: compiling them takes longer than running them.
    jit: "off",
    // Due rows and balances are updated all day: their tables are cleaned before they grow.
    autovacuum_naptime: "15s",
    autovacuum_vacuum_scale_factor: "0.05",
    // Instants are shown as they are stored, whatever the machine's zone.
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] ",
    log_checkpoints: "off",
    ...(durable ? {} : volatileSettings),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** An eighth of the memory, within bounds. */
function buffersMb(): number {
  // Without a limit it is more than any machine has.
  const memory = Math.min(totalmem(), constrainedMemory() || Number.POSITIVE_INFINITY);
  const share = Math.floor(memory / BUFFERS_SHARE / MEGABYTE);
  return Math.min(Math.max(share, BUFFERS_MB_MIN), BUFFERS_MB_MAX);
}

/**
 * For tests and the simulation: nothing is asked to survive a power cut. What was committed still survives
 * the death of any process, PostgreSQL's included, so synchronous_commit stays on.
 */
const volatileSettings = {
  fsync: "off",
  full_page_writes: "off",
};
