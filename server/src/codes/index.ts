/** Codes: whose scanner opened an address, and EMVCo's merchant-presented QR codes. Pure: rules as data. */
export { payingApps, type ScanningApp, walletOfUserAgent } from "./user-agents.ts";
