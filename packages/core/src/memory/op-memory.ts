import type { CommitResult, OpId } from '../transport/store.ts'
import type { SectionState } from '../versioning/section-state.ts'
import { RotatingMap } from './rotating-map.ts'
import type { UndoLog } from './undo-log.ts'

type WithoutState<R> = R extends unknown ? Omit<R, 'state'> : never

/** An answer that is remembered: all of it but the standing, which is told as of the day. */
export type OpResult = WithoutState<Extract<CommitResult, { status: 'committed' | 'unchanged' | 'conflict' }>>

interface RememberedResult {
  readonly attempt: number
  readonly result: OpResult
}

/** A conflict answers the attempts up to its own, whatever else was answered the write, and so every attempt at it. */
const validResult = (known: RememberedResult | undefined, attempt: number): OpResult | undefined =>
  known && (known.result.status !== 'conflict' || attempt <= known.attempt) ? known.result : undefined

/**
 * The op memory of a section: its last answers, bounded by their number and text, never by time, so that an outage ages
 * nothing. Answers are numbered; those up to `floor` are forgotten.
 */
export class OpMemory {
  readonly #halfCount: number
  readonly #halfChars: number
  readonly #undoLog: UndoLog
  readonly #results: RotatingMap<RememberedResult>
  #state: { readonly count: number; readonly rotatedAt: number; readonly text: number; readonly floor: number } = {
    count: 0,
    rotatedAt: 0,
    text: 0,
    floor: 0,
  }

  constructor(limits: { readonly maxOpResults: number; readonly maxOpResultChars: number }, undoLog: UndoLog) {
    this.#halfCount = Math.floor(limits.maxOpResults / 2)
    this.#halfChars = limits.maxOpResultChars / 2
    this.#undoLog = undoLog
    this.#results = new RotatingMap(undoLog)
  }

  /** How many answers have been numbered so far. */
  get count(): number {
    return this.#state.count
  }

  lookUp({ id, attempt }: OpId): OpResult | undefined {
    return validResult(this.#results.get(id), attempt)
  }

  remember({ id, attempt }: OpId, result: OpResult): void {
    const before = this.#state
    if (this.#undoLog.isEnabled) this.#undoLog.record(() => (this.#state = before))
    let { rotatedAt, text, floor } = before
    if (before.count - rotatedAt >= this.#halfCount || text >= this.#halfChars) {
      this.#results.rotate()
      floor = rotatedAt
      rotatedAt = before.count
      text = 0
    }
    if (result.status === 'committed') text += result.change.text.length
    this.#state = { count: before.count + 1, rotatedAt, text, floor }
    this.#results.set(id, { attempt, result })
  }

  /** May an op of this birth have been answered and forgotten since? Then it must not run, for it may run twice. */
  mayBeForgotten(idOrigin: OpId['idOrigin'], { epoch, ancestors }: Pick<SectionState, 'epoch' | 'ancestors'>): boolean {
    if (idOrigin.epoch === epoch) return idOrigin.opResultCount < this.#state.floor
    const fork = ancestors.find((each) => each.epoch === idOrigin.epoch)
    return !fork || Math.min(idOrigin.opResultCount, fork.opResultCount) < this.#state.floor
  }
}

/** The answers to op ids that callers gave: by document, for a time, so that they outlive the writer. */
export class CallerOpMemory {
  readonly #ttl: number
  readonly #undoLog: UndoLog
  readonly #results: RotatingMap<RememberedResult>
  #rotatedAt = Number.NEGATIVE_INFINITY

  constructor(ttl: number, undoLog: UndoLog) {
    this.#ttl = ttl
    this.#undoLog = undoLog
    this.#results = new RotatingMap(undoLog)
  }

  lookUp(key: string, { id, attempt }: OpId, now: number): OpResult | undefined {
    this.#rotateIfDue(now)
    return validResult(this.#results.get(callerOpKey(key, id)), attempt)
  }

  remember(key: string, { id, attempt }: OpId, result: OpResult, now: number): void {
    this.#rotateIfDue(now)
    this.#results.set(callerOpKey(key, id), { attempt, result })
  }

  #rotateIfDue(now: number): void {
    const before = this.#rotatedAt
    if (now - before < this.#ttl) return
    if (this.#undoLog.isEnabled) this.#undoLog.record(() => (this.#rotatedAt = before))
    this.#results.rotate()
    if (now - before >= 2 * this.#ttl) this.#results.rotate()
    this.#rotatedAt = now
  }
}

const callerOpKey = (key: string, id: string): string => `${key.length}:${key}${id}`
