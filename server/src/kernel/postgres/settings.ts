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
    // The hot tables' indexes of some ten million payments stay in memory, and a laptop does not feel it.
    shared_buffers: "256MB",
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

/**
 * For tests and the simulation: nothing is asked to survive a power cut. What was committed still survives
 * the death of any process, PostgreSQL's included, so synchronous_commit stays on.
 */
const volatileSettings = {
  fsync: "off",
  full_page_writes: "off",
};
