import { decodeChange } from './decode.ts'
import { joinChange } from './encode.ts'
import { utf8Length } from './text.ts'
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
export function frames(changes: readonly EncodedChange[], maxBytes: number): Frame[] {
  const out: Frame[] = []
  let open: EncodedChange[] = []
  let bytes = 0
  const close = (): void => {
    if (open.length > 0) out.push({ text: frameText(open), changes: open })
    open = []
  }
  for (let change of changes) {
    const envelope = utf8Length(frameHead(change)) + 2
    let size = utf8Length(change.text)
    if (envelope + size > maxBytes) {
      change = reduce(change, maxBytes - envelope)
      size = utf8Length(change.text)
    }
    const first = open[0]
    const fits = first && first.epoch === change.epoch && first.origin === change.origin && bytes + 1 + size <= maxBytes
    if (!fits) {
      close()
      bytes = envelope - 1
    }
    open.push(change)
    bytes += size + 1
  }
  close()
  return out
}

/** Leaves out of a change what has to be left out for it to fit; its address always travels. */
function reduce(change: EncodedChange, maxBytes: number): EncodedChange {
  const omitted = omitEdits(change)
  if (utf8Length(omitted.text) <= maxBytes) return omitted
  const { meta: _, ...bare } = decodeChange(omitted)
  return joinChange({ ...bare, edits: 'omitted' })
}

const frameHead = ({ epoch, origin }: EncodedChange): string =>
  `[${WIRE_VERSION},${JSON.stringify(epoch)},${JSON.stringify(origin)},[`

const frameText = (changes: readonly EncodedChange[]): string =>
  `${frameHead(changes[0] as EncodedChange)}${changes.map((change) => change.text).join(',')}]]`

/** The same change without its edits: what travels when the whole does not fit the medium. */
export function omitEdits(change: EncodedChange): EncodedChange {
  const { key, generation, version, sequence, time, meta, epoch, origin } = decodeChange(change)
  return joinChange({
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
