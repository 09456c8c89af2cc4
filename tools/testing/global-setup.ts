import { startTestServer, stopTestServer, type TestServer } from "./server.ts";

let server: TestServer | null = null;

/** Once per run, before the first test file: one PostgreSQL for all of them, named in TEST_POSTGRES_URL. */
export async function globalSetup(): Promise<void> {
  server = await startTestServer();
  process.env.TEST_POSTGRES_URL = server.postgres.url("postgres");
}

/** Once per run, after the last test file. */
export async function globalTeardown(): Promise<void> {
  if (server !== null) await stopTestServer(server);
}
