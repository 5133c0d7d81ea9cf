import type { Runtime } from '../model/runtime.ts'

/** What a line needs of the broker behind it. */
export interface SubscriberQueueDeps {
  readonly runtime: Runtime
  /** Are frames held back for now? */
  readonly paused: () => boolean
  /** Takes a frame; does not throw. */
  readonly deliver: (frame: string) => void
}

interface QueuedFrame {
  readonly frame: string
  isDue: boolean
}

/** How long a frame that is to change places waits for another one, in ms. */
const REORDER_TIMEOUT_MS = 20

/** The way of frames to one subscriber: in order, one at a time, never within the publisher's own call. */
export class SubscriberQueue {
  readonly #deps: SubscriberQueueDeps
  readonly #timers = new Set<() => void>()
  #isOpen = true
  #deliveryScheduled = false
  #queue: QueuedFrame[] = []
  /** What lets the next frame pass. */
  #heldBack: { readonly frame: string; readonly cancel: () => void } | undefined

  constructor(end: SubscriberQueueDeps) {
    this.#deps = end
  }

  /** Does a frame wait for the next one to pass it? */
  get isReordering(): boolean {
    return this.#heldBack !== undefined
  }

  /** Sends a frame on its way, which takes `ms`; it arrives behind all that were sent before. */
  send(frame: string, ms: number): void {
    this.#enqueue(frame, ms)
    const heldBack = this.#heldBack
    if (!heldBack) return
    this.#heldBack = undefined
    heldBack.cancel()
    this.#enqueue(heldBack.frame, ms)
  }

  /** Sends a frame behind the next one, or when none came for a while. */
  sendAfterNext(frame: string, ms: number): void {
    const cancel = this.#schedule(REORDER_TIMEOUT_MS, () => {
      this.#heldBack = undefined
      this.#enqueue(frame, ms)
    })
    this.#heldBack = { frame, cancel }
  }

  /** Looks whether something can be delivered now. */
  scheduleDelivery(): void {
    if (this.#deliveryScheduled || this.#queue.length === 0) return
    this.#deliveryScheduled = true
    queueMicrotask(() => this.#deliver())
  }

  /** What is under way is lost. */
  clear(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#queue = []
    this.#heldBack = undefined
  }

  /** Nothing is delivered any more, from this moment. */
  close(): void {
    this.#isOpen = false
    this.clear()
  }

  #enqueue(frame: string, ms: number): void {
    const queued: QueuedFrame = { frame, isDue: ms === 0 }
    this.#queue.push(queued)
    if (queued.isDue) this.scheduleDelivery()
    else {
      this.#schedule(ms, () => {
        queued.isDue = true
        this.scheduleDelivery()
      })
    }
  }

  #deliver(): void {
    this.#deliveryScheduled = false
    const queue = this.#queue
    // what is sent meanwhile has woken the line again: nobody keeps the other subscribers waiting
    const { length } = queue
    let delivered = 0
    // a handler may stop, cut or pause the line: asked anew before each frame
    while (
      delivered < length &&
      this.#isOpen &&
      this.#queue === queue &&
      !this.#deps.paused() &&
      queue[delivered]?.isDue
    ) {
      this.#deps.deliver((queue[delivered++] as QueuedFrame).frame)
    }
    queue.splice(0, delivered)
  }

  #schedule(ms: number, fn: () => void): () => void {
    const cancel = this.#deps.runtime.schedule(() => {
      this.#timers.delete(cancel)
      fn()
    }, ms)
    this.#timers.add(cancel)
    return cancel
  }
}
