import { startSandbox } from "../index.ts";

// A sandbox in a process of its own, for a test to kill: port and database as arguments, its address on
// stdout.

const [port, url] = process.argv.slice(2);
const store = { kind: "postgres", url: url! } as const;
const sandbox = await startSandbox({ port: Number(port), host: "127.0.0.1", store });
console.log(sandbox.url);
