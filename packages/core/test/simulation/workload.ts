import { type Entry, type JsonObject, type Position, SyncError, type WriteOptions } from '@sync/core'
import { decodeETag } from '../../src/model/etag.ts'
import { type Doc, push } from './document.ts'
import type { Call, Recorder } from './history.ts'
import type { Process } from './process.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Where, when and by which id a call is made. */
export interface Step {
  readonly process: Process
  readonly key: string
  readonly id: string
  readonly at: number
  readonly dice: SeededRandom
}

/** How a write is made: with the call's id in its meta, and now and then for a while only. */
export type Options = Pick<WriteOptions, 'meta' | 'timeout'>

/** Writes that go on beyond the end of their process: under an id of their caller's, until somebody knows their outcome. */
interface Unfinished {
  readonly key: string
  readonly id: string
}

/** Random reads and writes of all kinds, with a record of what was asked and answered. */
export class Workload {
  readonly #recorder: Recorder
  readonly #running = new Map<Process, Set<Promise<void>>>()
  readonly #lastSeen = new Map<Process, Map<string, object>>()
  /** What was written where, last. */
  #lastWrite: { readonly key: string; readonly position: Position } | undefined
  readonly #unfinishedWrites: Unfinished[] = []

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** What an instance holds is as the store has it, also in the midst of all this. */
  verify(process: Process): void {
    const verifying = process.sync.verify().then(({ differing }) => {
      if (!process.alive) return
      for (const { key } of differing) this.#recorder.problems.push(`${process.name} holds a wrong copy of ${key}`)
    })
    this.run(process, verifying)
  }

  /** Looks at what a process holds, if it is not what it held when it was last looked at; loads nothing. */
  recordHeld(process: Process, keys: readonly string[]): void {
    const looked = this.#lastSeen.get(process) ?? new Map<string, object>()
    this.#lastSeen.set(process, looked)
    for (const key of keys) {
      const held = process.collection.peek(key)
      if (held === undefined || held === looked.get(key)) continue
      looked.set(key, held)
      this.recordRead(process, key)
    }
  }

  /** Reads a document; `after`: what was written at that position shows. */
  recordRead(process: Process, key: string, after?: Position): void {
    const reading = process.collection.getEntry(key).then((entry) => {
      if (entry && process.alive) this.#recordEntry(process, key, entry, after)
    })
    this.run(process, reading)
  }

  /** Reads what was written last, wherever that was. */
  readLast(process: Process): void {
    const last = this.#lastWrite
    if (!last) return
    const { key, position } = last
    this.run(
      process,
      process.collection.get(key, { after: position }).then(() => this.recordRead(process, key, position)),
    )
  }

  /** A write that is tried again under its id until its outcome is known, also after the end of its process. */
  writeUntilKnown({ process, key, id, dice }: Step): void {
    const next = this.#unfinishedWrites.length > 0 && dice.chance(0.7) ? this.#unfinishedWrites[0] : undefined
    const write = next ?? { key, id }
    if (!next) this.#unfinishedWrites.push(write)
    const element = { id: write.id, at: 0 }
    const work = process.collection.update(write.key, (doc) => push(doc, element), { idempotencyKey: write.id })
    const call = this.#startCall({
      id,
      repeats: write.id,
      by: process.name,
      key: write.key,
      name: 'update under an id',
      effect: { kind: 'list' },
      refusals: [],
    })
    this.run(
      process,
      this.#finishCall(call, process, work, () => {
        const at = this.#unfinishedWrites.findIndex((each) => each.id === write.id)
        if (at >= 0) this.#unfinishedWrites.splice(at, 1)
      }),
    )
  }

  /** Makes a write, and writes down what it came to. */
  write(
    { process, key, id, dice: { chance, int } }: Step,
    { name, effect, refusals = [] }: Pick<Call, 'name' | 'effect'> & Partial<Pick<Call, 'refusals'>>,
    begin: (options: Options) => Promise<{ readonly changed?: boolean; readonly position?: Position }>,
  ): void {
    const call = this.#startCall({ id, by: process.name, key, name, effect, refusals })
    const patience = chance(0.15) ? { timeout: 1 + int(60) } : {}
    const work = begin({ ...patience, meta: { call: id } })
    this.run(
      process,
      this.#finishCall(call, process, work, () => {}),
    )
  }

  /** Lets a call go on. A refusal is an answer like any other; only an error that is none of ours is wrong. */
  run(process: Process, work: Promise<unknown>): void {
    const running = this.#running.get(process) ?? new Set()
    this.#running.set(process, running)
    const over: Promise<void> = work
      .then(
        () => {},
        (error: unknown) => {
          if (!(error instanceof SyncError) && process.alive)
            this.#recorder.problems.push(`a call failed with ${String(error)}`)
        },
      )
      .finally(() => running.delete(over))
    running.add(over)
  }

  /** How many calls of living processes have no answer yet. */
  get open(): number {
    let open = 0
    for (const [process, running] of this.#running) if (process.alive) open += running.size
    return open
  }

  #startCall(call: Omit<Call, 'began' | 'outcome'>): Call {
    const begun: Call = { ...call, began: this.#recorder.tick(), outcome: 'open' }
    this.#recorder.calls.push(begun)
    return begun
  }

  async #finishCall(
    call: Call,
    process: Process,
    work: Promise<{ readonly changed?: boolean; readonly position?: Position }>,
    known: () => void,
  ): Promise<void> {
    const ended = (outcome: Call['outcome']): void => {
      if (!process.alive) return
      call.outcome = outcome
      call.ended = this.#recorder.tick()
      if (outcome !== 'unknown') known()
    }
    try {
      const { changed, position } = await work
      ended(changed === false ? 'unchanged' : 'done')
      if (!process.alive || changed === false || position === undefined) return
      this.#lastWrite = { key: call.key, position }
      this.recordRead(process, call.key, position)
    } catch (error) {
      if (error instanceof SyncError && process.alive) call.code = error.code
      ended(error instanceof SyncError && error.committed === 'no' ? 'refused' : 'unknown')
      throw error
    }
  }

  #recordEntry(
    { name: by }: Process,
    key: string,
    { etag, value, fieldVersions }: Entry<Doc>,
    after: Position | undefined,
  ): void {
    const { generation, version, readAt } = decodeETag(etag)
    const at = this.#recorder.tick()
    const { epoch } = readAt
    const seen = { by, at, key, epoch, generation, version, value: value as JsonObject, fieldVersions, after }
    this.#recorder.reads.push(seen)
  }
}
