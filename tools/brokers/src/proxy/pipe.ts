import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One direction of a connection. */
export interface PipeOptions {
  readonly from: Socket
  readonly to: Socket
  /** Returns the delay of a chunk that arrives now, in milliseconds. */
  readonly delay: () => number
  /** Called with each chunk as it arrives, and with an empty one at the end. Returns false to drop it. */
  readonly accept: (chunk: Buffer) => boolean
}

/** Forwards bytes and the end of the stream, in order and with back-pressure. */
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
    // The delay counts from the chunk's arrival, even while earlier chunks are still waiting.
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
