/** Codes: whose scanner opened an address, and EMVCo's merchant-presented QR codes. Pure: rules as data. */
export {
  type DecodedEmvco,
  decodeEmvco,
  type EmvcoAccount,
  type EmvcoCode,
  type EmvcoTip,
  type EncodedEmvco,
  encodeEmvco,
  type Fields,
} from "./emvco.ts";
export type { EmvcoFault } from "./tlv.ts";
export { payingApps, type ScanningApp, walletOfUserAgent } from "./user-agents.ts";
