import type { JsonObject, Position } from '@sync/core'
import type { VirtualRuntime } from '@sync/core/testing'
import type { Recorder, WatchEvent } from './history.ts'
import { RefusedError } from './network/refusals.ts'
import type { Process } from './process.ts'

/** Options of a watcher. */
export interface WatchOptions {
  readonly combine: boolean
  /** Watches only this document. */
  readonly key?: string
  /** Watches only documents whose key begins so. */
  readonly prefix?: string
  /** Time between two batches, in milliseconds. */
  readonly pause: number
}

/** Consumes a change stream. It outlives its processes: it saves its position and resumes from there on the next one. */
export class Watcher {
  readonly name: string
  readonly keys: readonly string[]
  readonly #options: WatchOptions
  readonly #time: VirtualRuntime
  readonly #recorder: Recorder
  #position: Position | undefined
  #pauses = true
  #stop = new AbortController()

  constructor(name: string, keys: readonly string[], options: WatchOptions, time: VirtualRuntime, recorder: Recorder) {
    this.name = name
    this.keys = keys
    this.#options = options
    this.#time = time
    this.#recorder = recorder
  }

  /**
   * Starts the stream, or resumes it after the saved position. `mayMissRemovals` if that position may belong to a lost or
   * truncated history.
   */
  follow(process: Process, mayMissRemovals: () => boolean): void {
    this.#stop.abort(STOPPED)
    this.#stop = new AbortController()
    this.#record({ kind: 'resumed', mayMissRemovals: mayMissRemovals() && this.#position !== undefined })
    const { signal } = this.#stop
    const resume = (): void => {
      if (!signal.aborted && process.alive) this.follow(process, mayMissRemovals)
    }
    void this.#follow(process, signal, resume)
  }

  /** Takes all further batches without a pause. */
  stopPausing(): void {
    this.#pauses = false
  }

  /** Ends the stream. */
  stop(): void {
    this.#stop.abort(STOPPED)
  }

  /** Consumes the stream. `resume`: called some time after a refusal, which ends it. */
  async #follow({ collection }: Process, signal: AbortSignal, resume: () => void): Promise<void> {
    const { combine, key, prefix, pause } = this.#options
    const from = this.#position === undefined ? 'snapshot' : { after: this.#position }
    try {
      const filter = { ...(key !== undefined && { key }), ...(prefix !== undefined && { prefix }) }
      for await (const batch of collection.changes({ combine, from, signal, ...filter })) {
        if (signal.aborted) return
        for (const change of batch) {
          const { kind, key, version, commits } = change
          const event = { key, version, commits, ...('value' in change && { value: change.value as JsonObject }) }
          if ('patch' in change) this.#record({ ...event, kind: change.kind, patch: change.patch })
          else this.#record({ ...event, kind } as EventBody)
        }
        this.#checkPosition(batch.position)
        this.#position = batch.position
        if (batch.synced) this.#record({ kind: 'synced', by: batch.synced })
        if (pause > 0 && this.#pauses) await new Promise<void>((resolve) => this.#time.schedule(resolve, pause))
        if (signal.aborted) return
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof RefusedError) this.#time.schedule(resume, RESUME_DELAY_MS)
      else this.#recorder.problems.push(`${this.name} failed: ${String(error)}`)
    }
  }

  /** Within one epoch, a position goes back only to the beginning: during a snapshot. */
  #checkPosition(position: Position): void {
    const [before, now] = [this.#position, position].map((each) => /^(\d+)\.(.+)$/s.exec(each ?? ''))
    const goesBack = before && now && before[2] === now[2] && now[1] !== '0' && Number(now[1]) < Number(before[1])
    if (goesBack) this.#recorder.problems.push(`${this.name}: position ${position} follows ${this.#position}`)
  }

  #record(event: EventBody): void {
    this.#recorder.watchEvents.push({ ...event, watcher: this.name, at: this.#recorder.tick() })
  }
}

/** Time from a refusal to the next attempt. */
const RESUME_DELAY_MS = 50

/** Abort reason. Without one, each abort would create an error. */
const STOPPED = 'stopped'

type EventBody = WatchEvent extends infer T ? (T extends WatchEvent ? Omit<T, 'watcher' | 'at'> : never) : never
