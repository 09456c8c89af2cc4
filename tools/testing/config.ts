import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../server/src/config.ts";

/**
 * Settings for a test: every role on any free port, no sandbox, no day closed unless asked for, fixed keys;
 * `changes` on top. Creates nothing.
 */
export function testConfig(changes: Partial<Config> = {}): Config {
  return {
    production: false,
    roles: ["api", "worker"],
    host: "127.0.0.1",
    port: 0,
    dataDir: join(tmpdir(), "tributary-test-without-data"),
    publicUrl: null,
    databaseUrl: null,
    sandbox: { on: false, instant: false, port: 0 },
    logLevel: "silent",
    timeZone: "Asia/Shanghai",
    closeAt: null,
    statementBytesMax: 128 * 1_024 * 1_024,
    statementUnpackedBytesMax: 1_024 ** 3,
    mayHoldShares: false,
    masterKey: Buffer.alloc(32, 7),
    previousMasterKeys: [],
    operatorKey: "op_only-for-tests-0123456789abcdef",
    ...changes,
  };
}
