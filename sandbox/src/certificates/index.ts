export { authorities, authorityOf } from "./authority.ts";
export { type Issuer, issueLeaf, issueUnder, type Name, newSerial, rootName, serialOf } from "./issue.ts";
export { bareKey, readPublicKey } from "./keys.ts";
