import type { CommitResult, OpId } from '../transport/store.ts'
import type { SectionState } from '../versioning/section-state.ts'
import { RotatingMap } from './rotating-map.ts'
import type { UndoLog } from './undo-log.ts'

type WithoutState<R> = R extends unknown ? Omit<R, 'state'> : never

/** A remembered result. The section state is excluded, because an answer contains the current one. */
export type OpResult = WithoutState<Extract<CommitResult, { status: 'committed' | 'unchanged' | 'conflict' }>>

interface RememberedResult {
  readonly attempt: number
  readonly result: OpResult
}

/**
 * Returns a remembered result if it is valid for an attempt. A conflict is valid only for its own and earlier attempts;
 * every other result is final for the write.
 */
const validResult = (known: RememberedResult | undefined, attempt: number): OpResult | undefined =>
  known && (known.result.status !== 'conflict' || attempt <= known.attempt) ? known.result : undefined

/**
 * Op memory of a section: its latest results, bounded by count and text size, never by time, so that an outage ages
 * nothing. Results are numbered; those up to `floor` are forgotten.
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

  /** Number of results so far. */
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

  /**
   * Whether an operation whose id has this origin may have been executed and forgotten. The store must not execute it
   * then, because that could be the second time.
   */
  mayBeForgotten(idOrigin: OpId['idOrigin'], { epoch, ancestors }: Pick<SectionState, 'epoch' | 'ancestors'>): boolean {
    if (idOrigin.epoch === epoch) return idOrigin.opResultCount < this.#state.floor
    const fork = ancestors.find((each) => each.epoch === idOrigin.epoch)
    return !fork || Math.min(idOrigin.opResultCount, fork.opResultCount) < this.#state.floor
  }
}

/**
 * Results of writes with an idempotency key: remembered per document for a minimum time, so that they outlive the
 * writer.
 */
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
