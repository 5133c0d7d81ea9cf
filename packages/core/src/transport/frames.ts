import { decodeChange } from './decode.ts'
import { assembleChange } from './encode.ts'
import { utf8ByteLength } from './utf8.ts'
import { type EncodedChange, WIRE_VERSION } from './wire.ts'

/**
 * A frame ready to send, with the changes it contains. A transport that removes repeats by id derives the id from them.
 */
export interface Frame {
  readonly text: string
  /** Changes in the frame, in order. At least one. */
  readonly changes: readonly EncodedChange[]
}

/**
 * Encodes changes of one scope as frames, in order. Consecutive changes share a frame if they have the same epoch and
 * origin and fit into `maxBytes`. A single change that does not fit is sent without its edits and, if still too large,
 * without its meta.
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

/** Drops the edits and, if necessary, the meta of a change so that it fits. Address and counters always travel. */
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

/** Returns the change without its edits, for transports that the whole change does not fit. */
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
