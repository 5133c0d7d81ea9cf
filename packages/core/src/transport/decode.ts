import type { Change, FieldEdit } from '../model/change.ts'
import { FrameError } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import type { LogPosition } from '../model/position.ts'
import { type EncodedChange, OPS, WIRE_VERSION } from './wire.ts'

/** Content of a frame. */
export interface DecodedFrame {
  readonly changes: Change[]
  /** Number of malformed changes, which `changes` omits. */
  readonly malformed: number
  /** Head of the section, if the frame contains a head marker in place of changes that its sender no longer has. */
  readonly head?: LogPosition
}

/**
 * Decodes a frame. Malformed changes are skipped and counted in `malformed`; the others are returned.
 * @throws FrameError (`SYNC_FRAME`) if the frame as a whole is malformed, or has a newer major version
 */
export function decodeFrame(frame: string | Uint8Array): DecodedFrame {
  const parsed = parseJson(typeof frame === 'string' ? frame : decodeUtf8(frame))
  if (!Array.isArray(parsed)) throw malformedFrame()
  const { 0: major, 1: epoch, 2: origin, 3: list } = parsed as Json[]
  if (typeof major !== 'number' || !Number.isInteger(major) || major < 1) throw malformedFrame()
  if (major > WIRE_VERSION) throw new FrameError(`expected wire version ${WIRE_VERSION} or lower, got ${major}`, true)
  if (typeof epoch !== 'string' || typeof origin !== 'string' || !Array.isArray(list)) throw malformedFrame()
  const changes: Change[] = []
  let malformed = 0
  let head: LogPosition | undefined
  for (const each of list) {
    const change = parseChange(each, epoch, origin)
    const sequence = change ? undefined : parseHeadMarker(each)
    if (change) changes.push(change)
    else if (sequence === undefined) malformed++
    else head = { epoch, sequence: Math.max(sequence, head?.sequence ?? 0) }
  }
  return head ? { changes, malformed, head } : { changes, malformed }
}

/**
 * Decodes one change as logs and store answers contain it.
 * @throws FrameError (`SYNC_FRAME`) if it is malformed
 */
export function decodeChange({ text, epoch, origin, sequence }: EncodedChange): Change {
  const change = parseChange(parseJson(text), epoch, origin)
  if (!change) throw new FrameError(`expected a change, got malformed JSON for sequence ${sequence}`)
  return change
}

const malformedFrame = (): FrameError => new FrameError('expected a frame, got other JSON')

const decoder = new TextDecoder('utf-8', { fatal: true })

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new FrameError('expected UTF-8, got invalid bytes', false, { cause })
  }
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new FrameError('expected JSON, got invalid text', false, { cause })
  }
}

function parseHeadMarker(raw: Json): number | undefined {
  if (!Array.isArray(raw) || raw[0] !== null) return undefined
  return isNonNegativeInteger(raw[1]) ? (raw[1] as number) : undefined
}

const isNonNegativeInteger = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

// Arrays are destructured by index, because an iterator would add half of the parsing time.

function parseChange(raw: Json, epoch: string, origin: string): Change | undefined {
  if (!Array.isArray(raw)) return undefined
  const { 0: key, 1: generation, 2: version, 3: sequence, 4: time, 5: rawEdits, 6: meta } = raw as Json[]
  if (typeof key !== 'string' || key === '' || typeof time !== 'number') return undefined
  if (
    !isNonNegativeInteger(generation) ||
    !isNonNegativeInteger(version) ||
    !isNonNegativeInteger(sequence) ||
    !Number.isFinite(time)
  )
    return undefined
  const edits = parseEdits(rawEdits)
  if (!edits) return undefined
  const change = { key, epoch, origin, generation, version, sequence, time, edits }
  return isMeta(meta) ? { ...change, meta } : change
}

function isMeta(meta: Json | undefined): meta is Record<string, string> {
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) return false
  return Object.values(meta).every((value) => typeof value === 'string')
}

function parseEdits(raw: Json | undefined): Change['edits'] | undefined {
  if (raw === null) return 'removed'
  if (raw === 0) return 'omitted'
  if (!Array.isArray(raw)) return undefined
  const edits: FieldEdit[] = []
  for (const each of raw as Json[]) {
    const edit = parseEdit(each)
    if (!edit) return undefined
    edits.push(edit)
  }
  return edits
}

function parseEdit(raw: Json): FieldEdit | undefined {
  if (!Array.isArray(raw)) return undefined
  const { 0: field, 1: version, 2: form, 3: content } = raw as Json[]
  if (typeof field !== 'string' || !isNonNegativeInteger(version)) return undefined
  if (form === undefined) return { field, version, kind: 'removed' }
  if (form === 0) return content === undefined ? undefined : { field, version, kind: 'whole', value: content }
  const ops = form === 1 ? parseOps(content) : undefined
  return ops && { field, version, kind: 'delta', ops }
}

function parseOps(raw: Json | undefined): Operation[] | undefined {
  if (!Array.isArray(raw)) return undefined
  const ops: Operation[] = []
  for (const each of raw as Json[]) {
    if (!Array.isArray(each)) return undefined
    const [code, path, third] = each as Json[]
    const op = isNonNegativeInteger(code) ? OPS[code] : undefined
    if (op === undefined || typeof path !== 'string') return undefined
    if (op === 'remove') ops.push({ op, path })
    else if (op === 'move' || op === 'copy') {
      if (typeof third !== 'string') return undefined
      ops.push({ op, path, from: third })
    } else {
      if (third === undefined) return undefined
      ops.push({ op, path, value: third })
    }
  }
  return ops
}
