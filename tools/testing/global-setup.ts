import { fileURLToPath } from "node:url";
import { startTestServer, stopTestServer, type TestServer } from "./server.ts";

const compiled = fileURLToPath(new URL("../../node_modules/.cache/tributary/compiled", import.meta.url));

let server: TestServer | null = null;

/**
 * Once per run, before the first test file: one PostgreSQL for all of them, named in TEST_POSTGRES_URL. Each
 * file is a process of its own that loads much of the platform: compiled modules are kept, which halves that.
 */
export async function globalSetup(): Promise<void> {
  server = await startTestServer();
  process.env.NODE_COMPILE_CACHE = compiled;
  process.env.TEST_POSTGRES_URL = server.postgres.url("postgres");
}

/** Once per run, after the last test file. */
export async function globalTeardown(): Promise<void> {
  if (server !== null) await stopTestServer(server);
}
