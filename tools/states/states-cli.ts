/** Writes docs/states.md from the table of states. Run it when the table changes. */
import { writeFileSync } from "node:fs";
import { DOCUMENT, writeDocument } from "./document.ts";

writeFileSync(DOCUMENT, writeDocument());
console.log("docs/states.md is current");
