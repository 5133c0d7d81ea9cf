import type { Runtime } from '../model/runtime.ts'

/** What a line needs of the broker behind it. */
export interface LineEnd {
  readonly runtime: Runtime
  /** Are frames held back for now? */
  readonly paused: () => boolean
  /** Takes a frame; does not throw. */
  readonly deliver: (frame: string) => void
}

interface Parcel {
  readonly frame: string
  arrived: boolean
}

/** How long a frame that is to change places waits for another one, in ms. */
const REORDER_WITHIN = 20

/** The way of frames to one subscriber: in order, one at a time, never within the publisher's own call. */
export class Line {
  readonly #end: LineEnd
  readonly #timers = new Set<() => void>()
  #open = true
  #woken = false
  #queue: Parcel[] = []
  /** What lets the next frame pass. */
  #waiting: { readonly frame: string; readonly cancel: () => void } | undefined

  constructor(end: LineEnd) {
    this.#end = end
  }

  /** Does a frame wait for the next one to pass it? */
  get swapping(): boolean {
    return this.#waiting !== undefined
  }

  /** Sends a frame on its way, which takes `ms`; it arrives behind all that were sent before. */
  send(frame: string, ms: number): void {
    this.#enqueue(frame, ms)
    const passed = this.#waiting
    if (!passed) return
    this.#waiting = undefined
    passed.cancel()
    this.#enqueue(passed.frame, ms)
  }

  /** Sends a frame behind the next one, or when none came for a while. */
  sendBehindNext(frame: string, ms: number): void {
    const cancel = this.#after(REORDER_WITHIN, () => {
      this.#waiting = undefined
      this.#enqueue(frame, ms)
    })
    this.#waiting = { frame, cancel }
  }

  /** Looks whether something can be delivered now. */
  wake(): void {
    if (this.#woken || this.#queue.length === 0) return
    this.#woken = true
    queueMicrotask(() => this.#deliver())
  }

  /** What is under way is lost. */
  clear(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#queue = []
    this.#waiting = undefined
  }

  /** Nothing is delivered any more, from this moment. */
  close(): void {
    this.#open = false
    this.clear()
  }

  #enqueue(frame: string, ms: number): void {
    const parcel: Parcel = { frame, arrived: ms === 0 }
    this.#queue.push(parcel)
    if (parcel.arrived) this.wake()
    else {
      this.#after(ms, () => {
        parcel.arrived = true
        this.wake()
      })
    }
  }

  #deliver(): void {
    this.#woken = false
    const queue = this.#queue
    // what is sent meanwhile has woken the line again: nobody keeps the other subscribers waiting
    const { length } = queue
    let taken = 0
    // a handler may stop, cut or pause the line: asked anew before each frame
    while (taken < length && this.#open && this.#queue === queue && !this.#end.paused() && queue[taken]?.arrived) {
      this.#end.deliver((queue[taken++] as Parcel).frame)
    }
    queue.splice(0, taken)
  }

  #after(ms: number, fn: () => void): () => void {
    const cancel = this.#end.runtime.schedule(() => {
      this.#timers.delete(cancel)
      fn()
    }, ms)
    this.#timers.add(cancel)
    return cancel
  }
}
