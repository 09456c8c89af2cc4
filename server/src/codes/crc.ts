/**
 * CRC-16/CCITT-FALSE over the UTF-8 bytes (polynomial 0x1021, begins with 0xFFFF, nothing reflected): four
 * capital hexadecimal digits. Of `123456789` it is 29B1.
 */
export function checksumOf(text: string): string {
  let crc = 0xffff;
  for (const byte of Buffer.from(text, "utf8")) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
    }
  }
  return crc.toString(16).toUpperCase().padStart(4, "0");
}
