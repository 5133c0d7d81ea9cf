import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One direction of a connection. */
export interface PipeOptions {
  readonly from: Socket
  readonly to: Socket
  /** Milliseconds that a chunk arriving now is held back. */
  readonly delay: () => number
  /** Sees each chunk as it arrives; `false` takes it off the way. */
  readonly accept: (chunk: Buffer) => boolean
}

/** Carries bytes and the end of them, in order, as slowly as their reader reads. */
export function pipe({ from, to, delay, accept }: PipeOptions): void {
  let tail: Promise<unknown> | undefined
  let waiting = 0

  const deliverInOrder = (deliver: () => void): void => {
    const ms = delay()
    if (waiting === 0 && ms === 0) {
      deliver()
      return
    }
    waiting++
    // The time runs from its arrival, while those before it are still waiting.
    const due = sleep(ms, undefined, { ref: false })
    tail = Promise.all([tail, due]).then(() => {
      waiting--
      deliver()
    })
  }

  from.on('data', (chunk: Buffer) => {
    if (!accept(chunk)) return
    deliverInOrder(() => {
      if (!to.writable || to.write(chunk)) return
      from.pause()
      to.once('drain', () => from.resume())
    })
  })
  from.on('end', () => {
    if (accept(Buffer.alloc(0))) deliverInOrder(() => to.end())
  })
}
