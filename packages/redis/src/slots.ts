const SLOTS = 16_384

/** CRC16-XMODEM of each byte. */
const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc
})

/** Returns the Redis Cluster slot of keys with this hash tag. Source: Redis Cluster specification, "Key distribution model". */
export function slotOf(tag: string): number {
  const bytes = Buffer.from(tag)
  let crc = 0
  for (let at = 0; at < bytes.length; at++)
    crc = (crc << 8) ^ (CRC_TABLE[((crc >> 8) ^ (bytes[at] as number)) & 0xff] as number)
  return crc & (SLOTS - 1)
}

let tags: readonly string[] | undefined

/** Returns a short hash tag for each slot, by slot. Computed on first use, which takes some 10 ms. */
export function slotTags(): readonly string[] {
  tags ??= computeTags()
  return tags
}

function computeTags(): readonly string[] {
  const found = new Array<string>(SLOTS)
  let missing = SLOTS
  for (let n = 0; missing > 0; n++) {
    const tag = n.toString(36)
    const slot = slotOf(tag)
    if (found[slot] !== undefined) continue
    found[slot] = tag
    missing--
  }
  return found
}
