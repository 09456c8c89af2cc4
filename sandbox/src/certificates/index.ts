export { authorities, authorityOf } from "./authority.ts";
export { issueLeaf, newSerial, rootName, serialOf } from "./issue.ts";
export { bareKey, readPublicKey } from "./keys.ts";
