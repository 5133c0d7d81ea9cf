/**
 * Returns a 32-bit hash of a string. Stable across processes and releases, because the layout of stored data depends on
 * it. FNV-1a over the UTF-16 code units, two bytes each, with the finaliser of MurmurHash3 (both public domain).
 */
export function hash32(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * Returns a 64-bit hash of a string as 16 hexadecimal digits. Stable across processes and releases, because ETags
 * contain it. The algorithm is cyrb53 without its truncation (bryc, public domain): two multiplicative lanes over the
 * UTF-16 code units, mixed as in MurmurHash3.
 */
export function hash64(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    high = Math.imul(high ^ unit, 0x9e3779b1)
    low = Math.imul(low ^ unit, 0x5f356495)
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
  return hex(low) + hex(high)
}

const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, '0')
