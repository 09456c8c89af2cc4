/** wawoff2 brings no types. */
declare module "wawoff2" {
  /** A woff2 font as the TrueType or OpenType font that it packs. */
  export function decompress(woff2: Uint8Array): Promise<Uint8Array>;
}
