/**
 * Writes the client's types from the platform's own API description. Run it when a route's schema changes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { GENERATED, readDocument, writeTypes } from "./document.ts";

mkdirSync(new URL(".", GENERATED), { recursive: true });
writeFileSync(GENERATED, await writeTypes(await readDocument()));
console.log("sdk/src/generated/openapi.ts is current");
