import type { JsonObject, Position } from '@sync/core'
import type { VirtualRuntime } from '@sync/core/testing'
import type { Recorder, WatchEvent } from './history.ts'
import type { Process } from './process.ts'

/** How a watcher follows. */
export interface WatchOptions {
  readonly combine: boolean
  /** Only this document. */
  readonly key?: string
  /** Waits this long, in ms, before it takes the next batch. */
  readonly pause: number
}

/** Follows a collection by its changes alone, through the ends of its processes: what it was told and how far is kept. */
export class Watcher {
  readonly name: string
  readonly keys: readonly string[]
  readonly #options: WatchOptions
  readonly #time: VirtualRuntime
  readonly #recorder: Recorder
  #position: Position | undefined
  #pauses = true
  #stop = new AbortController()

  constructor(name: string, keys: readonly string[], manner: WatchOptions, time: VirtualRuntime, recorder: Recorder) {
    this.name = name
    this.keys = keys
    this.#options = manner
    this.#time = time
    this.#recorder = recorder
  }

  /** Begins, or goes on where it was; `doubtful`: that may be in a history that is gone. */
  follow(process: Process, { doubtful }: { readonly doubtful: boolean }): void {
    this.#stop.abort(STOPPED)
    this.#stop = new AbortController()
    this.#record({ kind: 'resumed', doubtful: doubtful && this.#position !== undefined })
    void this.#follow(process, this.#stop.signal)
  }

  /** Is quick from now on. */
  stopPausing(): void {
    this.#pauses = false
  }

  /** Ends, as a process does. */
  stop(): void {
    this.#stop.abort(STOPPED)
  }

  async #follow({ collection }: Process, signal: AbortSignal): Promise<void> {
    const { combine, key, pause } = this.#options
    const from = this.#position === undefined ? 'snapshot' : { after: this.#position }
    try {
      for await (const batch of collection.changes({ combine, from, signal, ...(key !== undefined && { key }) })) {
        if (signal.aborted) return
        for (const change of batch) {
          const { kind, key, version, commits } = change
          const told = { key, version, commits, ...('value' in change && { value: change.value as JsonObject }) }
          if ('patch' in change) this.#record({ ...told, kind: change.kind, patch: change.patch })
          else this.#record({ ...told, kind } as EventBody)
        }
        this.#position = batch.at(-1)?.position
        if (pause > 0 && this.#pauses) await new Promise<void>((resolve) => this.#time.schedule(resolve, pause))
        if (signal.aborted) return
      }
    } catch (error) {
      if (!signal.aborted) this.#recorder.problems.push(`${this.name} ended with ${String(error)}`)
    }
  }

  #record(told: EventBody): void {
    this.#recorder.watchEvents.push({ ...told, watcher: this.name, at: this.#recorder.tick() })
  }
}

/** A reason of its own costs an error. */
const STOPPED = 'over'

type EventBody = WatchEvent extends infer T ? (T extends WatchEvent ? Omit<T, 'watcher' | 'at'> : never) : never
