import { runInMicrotask } from '../model/run-in-microtask.ts'
import type { Runtime } from '../model/runtime.ts'
import type { ChangeBus } from '../transport/bus.ts'

/** Collaborators of `SubscriberQueue`. */
export interface SubscriberQueueDeps {
  /** Bus client that subscribed. */
  readonly client: ChangeBus
  readonly runtime: Runtime
  /** Whether delivery is paused. */
  readonly paused: () => boolean
  /** Delivers a frame. Must not throw. */
  readonly deliver: (frame: string) => void
}

interface QueuedFrame {
  readonly frame: string
  isDue: boolean
}

/** Maximum time in ms that a frame waits to be overtaken by the next one. */
const REORDER_TIMEOUT_MS = 20

/** Queue of frames for one subscriber. Delivers in order, one at a time, and never within the publisher's call. */
export class SubscriberQueue {
  readonly #deps: SubscriberQueueDeps
  readonly #timers = new Set<() => void>()
  #isOpen = true
  #deliveryScheduled = false
  #queue: QueuedFrame[] = []
  /** Frame that waits to be overtaken by the next one. */
  #heldBack: { readonly frame: string; readonly cancel: () => void } | undefined

  constructor(deps: SubscriberQueueDeps) {
    this.#deps = deps
  }

  /** Bus client that subscribed. */
  get client(): ChangeBus {
    return this.#deps.client
  }

  /** Whether a frame waits to be overtaken by the next one. */
  get isReordering(): boolean {
    return this.#heldBack !== undefined
  }

  /** Enqueues a frame for delivery after `ms`, behind all earlier frames. */
  send(frame: string, ms: number): void {
    this.#enqueue(frame, ms)
    const heldBack = this.#heldBack
    if (!heldBack) return
    this.#heldBack = undefined
    heldBack.cancel()
    this.#enqueue(heldBack.frame, ms)
  }

  /** Enqueues a frame behind the next one, or alone if none follows in time. */
  sendAfterNext(frame: string, ms: number): void {
    const cancel = this.#schedule(REORDER_TIMEOUT_MS, () => {
      this.#heldBack = undefined
      this.#enqueue(frame, ms)
    })
    this.#heldBack = { frame, cancel }
  }

  /** Schedules delivery of the frames that are due. */
  scheduleDelivery(): void {
    if (this.#deliveryScheduled || this.#queue.length === 0) return
    this.#deliveryScheduled = true
    runInMicrotask(() => this.#deliver())
  }

  /** Drops all frames in transit. */
  clear(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#queue = []
    this.#heldBack = undefined
  }

  /** Stops all deliveries from this moment. */
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
    // Frames sent during delivery have scheduled another run, so other subscribers are not delayed.
    const { length } = queue
    let delivered = 0
    // A handler may unsubscribe, disconnect or pause, so check before each frame.
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
