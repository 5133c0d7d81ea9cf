import type { Change, FieldEdit } from '../model/change.ts'
import { FrameError } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import type { Place } from '../model/position.ts'
import { type EncodedChange, OPS, WIRE_VERSION } from './wire.ts'

/** What a frame says. */
export interface DecodedFrame {
  readonly changes: Change[]
  /** How many of its changes are not well formed, and left out. */
  readonly broken: number
  /** How far the section is, where the frame says so in place of changes that its sender no longer has. */
  readonly reached?: Place
}

/**
 * Reads a frame. A change inside that is not well formed is left out and reported by `broken`: the others count.
 * @throws FrameError (`SYNC_FRAME`) if the frame as a whole is not one, or of a newer major version.
 */
export function decodeFrame(frame: string | Uint8Array): DecodedFrame {
  const parsed = parse(typeof frame === 'string' ? frame : decodeUtf8(frame))
  if (!Array.isArray(parsed)) throw new FrameError('not a frame')
  const { 0: major, 1: epoch, 2: origin, 3: list } = parsed as Json[]
  if (typeof major !== 'number' || !Number.isInteger(major) || major < 1) throw new FrameError('not a frame')
  if (major > WIRE_VERSION) throw new FrameError(`version ${major} is newer than ${WIRE_VERSION}`, true)
  if (typeof epoch !== 'string' || typeof origin !== 'string' || !Array.isArray(list))
    throw new FrameError('not a frame')
  const changes: Change[] = []
  let broken = 0
  let reached: Place | undefined
  for (const each of list) {
    const change = toChange(each, epoch, origin)
    const sequence = change ? undefined : toReached(each)
    if (change) changes.push(change)
    else if (sequence === undefined) broken++
    else reached = { epoch, sequence: Math.max(sequence, reached?.sequence ?? 0) }
  }
  return reached ? { changes, broken, reached } : { changes, broken }
}

/**
 * Reads one encoded change, as logs and answers hold it.
 * @throws FrameError (`SYNC_FRAME`) if it is none.
 */
export function decodeChange({ text, epoch, origin }: EncodedChange): Change {
  const change = toChange(parse(text), epoch, origin)
  if (!change) throw new FrameError('not a change')
  return change
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new FrameError('not UTF-8', false, { cause })
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new FrameError('not JSON', false, { cause })
  }
}

function toReached(raw: Json): number | undefined {
  if (!Array.isArray(raw) || raw[0] !== null) return undefined
  return isCount(raw[1]) ? (raw[1] as number) : undefined
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

// Arrays are taken apart by their indices: by their iterator it would cost half as much as parsing them did.

function toChange(raw: Json, epoch: string, origin: string): Change | undefined {
  if (!Array.isArray(raw)) return undefined
  const { 0: key, 1: generation, 2: version, 3: sequence, 4: time, 5: rawEdits, 6: meta } = raw as Json[]
  if (typeof key !== 'string' || key === '' || typeof time !== 'number') return undefined
  if (!isCount(generation) || !isCount(version) || !isCount(sequence) || !Number.isFinite(time)) return undefined
  const edits = toEdits(rawEdits)
  if (!edits) return undefined
  const change = { key, epoch, origin, generation, version, sequence, time, edits }
  return isMeta(meta) ? { ...change, meta } : change
}

function isMeta(meta: Json | undefined): meta is Record<string, string> {
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) return false
  return Object.values(meta).every((value) => typeof value === 'string')
}

function toEdits(raw: Json | undefined): Change['edits'] | undefined {
  if (raw === null) return 'removed'
  if (raw === 0) return 'omitted'
  if (!Array.isArray(raw)) return undefined
  const edits: FieldEdit[] = []
  for (const each of raw as Json[]) {
    const edit = toEdit(each)
    if (!edit) return undefined
    edits.push(edit)
  }
  return edits
}

function toEdit(raw: Json): FieldEdit | undefined {
  if (!Array.isArray(raw)) return undefined
  const { 0: field, 1: version, 2: form, 3: content } = raw as Json[]
  if (typeof field !== 'string' || !isCount(version)) return undefined
  if (form === undefined) return { field, version, kind: 'removed' }
  if (form === 0) return content === undefined ? undefined : { field, version, kind: 'whole', value: content }
  const ops = form === 1 ? toOps(content) : undefined
  return ops && { field, version, kind: 'delta', ops }
}

function toOps(raw: Json | undefined): Operation[] | undefined {
  if (!Array.isArray(raw)) return undefined
  const ops: Operation[] = []
  for (const each of raw as Json[]) {
    if (!Array.isArray(each)) return undefined
    const [code, path, third] = each as Json[]
    const op = isCount(code) ? OPS[code] : undefined
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
