import { type Entry, type JsonObject, type Position, SyncError, type WriteOptions } from '@sync/core'
import { decodeETag } from '../../src/model/etag.ts'
import { decodePosition } from '../../src/model/position.ts'
import { type Doc, push } from './document.ts'
import type { Call, Recorder } from './history.ts'
import { RefusedError } from './network/refusals.ts'
import type { Process } from './process.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Process, document, id and step of a call. */
export interface Step {
  readonly process: Process
  readonly key: string
  readonly id: string
  readonly at: number
  readonly random: SeededRandom
}

/** Options of a write: the call's id as meta, and sometimes a timeout. */
export type Options = Pick<WriteOptions, 'meta' | 'timeout'>

/** A write with an idempotency key, which any process repeats until its outcome is known. */
interface Unfinished {
  readonly key: string
  readonly id: string
}

/** Runs reads and writes, and records each call with its outcome. */
export class Workload {
  readonly #recorder: Recorder
  readonly #running = new Map<Process, Set<Promise<void>>>()
  readonly #lastSeen = new Map<Process, Map<string, object>>()
  /** Key and position of the last acknowledged write of any process. */
  #lastWrite: { readonly key: string; readonly position: Position } | undefined
  readonly #unfinishedWrites: Unfinished[] = []

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** Verifies a process's replicas against the store, even while faults are active. */
  verify(process: Process): void {
    const verifying = process.sync.verify().then(({ differing }) => {
      if (!process.alive) return
      for (const { key } of differing) this.#recorder.problems.push(`${process.name} has a wrong replica of ${key}`)
    })
    this.run(process, verifying)
  }

  /** Records the cached documents of a process that changed since the last call. Loads nothing. */
  recordCached(process: Process, keys: readonly string[]): void {
    const lastSeen = this.#lastSeen.get(process) ?? new Map<string, object>()
    this.#lastSeen.set(process, lastSeen)
    for (const key of keys) {
      const cached = process.collection.peek(key)
      if (cached === undefined || cached === lastSeen.get(key)) continue
      lastSeen.set(key, cached)
      this.recordRead(process, key)
    }
  }

  /** Reads and records a document. With `after` it must include the write at that position. */
  recordRead(process: Process, key: string, after?: Position): void {
    const reading = process.collection.getEntry(key).then((entry) => {
      if (entry && process.alive) this.#recordEntry(process, key, entry, after)
    })
    this.run(process, reading)
  }

  /** Reads the document that was written last, by any process. */
  readLast(process: Process): void {
    const last = this.#lastWrite
    if (!last) return
    const { key, position } = last
    this.run(
      process,
      process.collection.get(key, { after: position }).then(() => this.recordRead(process, key, position)),
    )
  }

  /** Repeats a write with the same idempotency key until its outcome is known, even after the crash of its process. */
  writeUntilKnown({ process, key, id, random }: Step): void {
    const next = this.#unfinishedWrites.length > 0 && random.chance(0.7) ? this.#unfinishedWrites[0] : undefined
    const write = next ?? { key, id }
    if (!next) this.#unfinishedWrites.push(write)
    const element = { id: write.id, at: 0 }
    const work = process.collection.update(write.key, (doc) => push(doc, element), { idempotencyKey: write.id })
    const call = this.#startCall({
      id,
      repeats: write.id,
      by: process.name,
      key: write.key,
      name: 'update with an idempotency key',
      effect: { kind: 'list' },
      allowedCodes: [],
    })
    this.run(
      process,
      this.#finishCall(call, process, work, () => {
        const at = this.#unfinishedWrites.findIndex((unfinished) => unfinished.id === write.id)
        if (at >= 0) this.#unfinishedWrites.splice(at, 1)
      }),
    )
  }

  /** Starts a write and records its outcome. */
  write(
    { process, key, id, random: { chance, int } }: Step,
    { name, effect, allowedCodes = [] }: Pick<Call, 'name' | 'effect'> & Partial<Pick<Call, 'allowedCodes'>>,
    begin: (options: Options) => Promise<{ readonly changed?: boolean; readonly position?: Position }>,
  ): void {
    const call = this.#startCall({ id, by: process.name, key, name, effect, allowedCodes })
    const timeout = chance(0.15) ? { timeout: 1 + int(60) } : {}
    const work = begin({ ...timeout, meta: { call: id } })
    this.run(
      process,
      this.#finishCall(call, process, work, () => {}),
    )
  }

  /**
   * Lets a call run. A rejection with a `SyncError` is a valid outcome, and a refusal if it occurred during the call. Any
   * other error is a problem.
   */
  run(process: Process, work: Promise<unknown>): void {
    const { refusals } = this.#recorder
    const earlier = refusals.length
    const running = this.#running.get(process) ?? new Set()
    this.#running.set(process, running)
    const settled: Promise<void> = work
      .then(
        () => {},
        (error: unknown) => {
          if (!process.alive) return
          const isExpected =
            error instanceof RefusedError
              ? refusals.slice(earlier).some(({ by }) => by === process.name)
              : error instanceof SyncError
          if (!isExpected) this.#recorder.problems.push(`a call of ${process.name} rejected with ${String(error)}`)
        },
      )
      .finally(() => running.delete(settled))
    running.add(settled)
  }

  /** Number of unsettled calls of running processes. */
  get pending(): number {
    let pending = 0
    for (const [process, running] of this.#running) if (process.alive) pending += running.size
    return pending
  }

  #startCall(call: Omit<Call, 'startedAt' | 'outcome'>): Call {
    const started: Call = { ...call, startedAt: this.#recorder.tick(), outcome: 'pending' }
    this.#recorder.calls.push(started)
    return started
  }

  async #finishCall(
    call: Call,
    process: Process,
    work: Promise<{ readonly changed?: boolean; readonly position?: Position }>,
    onKnown: () => void,
  ): Promise<void> {
    const settle = (outcome: Call['outcome']): void => {
      if (!process.alive) return
      call.outcome = outcome
      call.endedAt = this.#recorder.tick()
      if (outcome !== 'unknown') onKnown()
    }
    try {
      const { changed, position } = await work
      settle(changed === false ? 'unchanged' : 'acknowledged')
      if (!process.alive || changed === false || position === undefined) return
      this.#lastWrite = { key: call.key, position }
      this.recordRead(process, call.key, position)
    } catch (error) {
      if (error instanceof SyncError && process.alive) call.code = error.code
      settle(error instanceof SyncError && error.committed === 'no' ? 'rejected' : 'unknown')
      throw error
    }
  }

  #recordEntry(
    { name: by }: Process,
    key: string,
    { etag, value, fieldVersions, position }: Entry<Doc>,
    after: Position | undefined,
  ): void {
    const { generation, version } = decodeETag(etag)
    const at = this.#recorder.tick()
    const { epoch } = decodePosition(position)
    const text = JSON.stringify(value)
    const state = { generation, version, value: value as JsonObject, text, etag, fieldVersions }
    const read = { by, at, key, epoch, ...state, after }
    this.#recorder.reads.push(read)
  }
}
