import { decodeChange } from './decode.ts'
import { assembleChange } from './encode.ts'
import { utf8ByteLength } from './utf8.ts'
import { type EncodedChange, WIRE_VERSION } from './wire.ts'

/** A frame ready to send: its bytes, and what names it (for a medium that removes repeats by id). */
export interface Frame {
  readonly text: string
  readonly changes: readonly EncodedChange[]
}

/**
 * Frames changes of one scope in order: as many in one frame as share epoch and origin and fit into `maxBytes`.
 * A single change that does not fit travels without its edits, and without its meta where even that is too much.
 */
export function encodeFrames(changes: readonly EncodedChange[], maxBytes: number): Frame[] {
  const result: Frame[] = []
  let current: EncodedChange[] = []
  let bytes = 0
  const flush = (): void => {
    if (current.length > 0) result.push({ text: frameText(current), changes: current })
    current = []
  }
  for (let change of changes) {
    const envelope = utf8ByteLength(framePrefix(change)) + 2
    let size = utf8ByteLength(change.text)
    if (envelope + size > maxBytes) {
      change = shrinkToFit(change, maxBytes - envelope)
      size = utf8ByteLength(change.text)
    }
    const first = current[0]
    const fits = first && first.epoch === change.epoch && first.origin === change.origin && bytes + 1 + size <= maxBytes
    if (!fits) {
      flush()
      bytes = envelope - 1
    }
    current.push(change)
    bytes += size + 1
  }
  flush()
  return result
}

/** Leaves out of a change what has to be left out for it to fit; its address always travels. */
function shrinkToFit(change: EncodedChange, maxBytes: number): EncodedChange {
  const omitted = omitEdits(change)
  if (utf8ByteLength(omitted.text) <= maxBytes) return omitted
  const { meta: _, ...bare } = decodeChange(omitted)
  return assembleChange({ ...bare, edits: 'omitted' })
}

const framePrefix = ({ epoch, origin }: EncodedChange): string =>
  `[${WIRE_VERSION},${JSON.stringify(epoch)},${JSON.stringify(origin)},[`

const frameText = (changes: readonly EncodedChange[]): string =>
  `${framePrefix(changes[0] as EncodedChange)}${changes.map((change) => change.text).join(',')}]]`

/** The same change without its edits: what travels when the whole does not fit the medium. */
export function omitEdits(change: EncodedChange): EncodedChange {
  const { key, generation, version, sequence, time, meta, epoch, origin } = decodeChange(change)
  return assembleChange({
    key,
    generation,
    version,
    sequence,
    time,
    epoch,
    origin,
    edits: 'omitted',
    ...(meta && { meta }),
  })
}
