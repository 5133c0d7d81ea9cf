import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One direction of a connection. */
export interface PipeOptions {
  readonly from: Socket
  readonly to: Socket
  /** Milliseconds that a chunk arriving now is held back. */
  readonly delay: () => number
  /** Sees each chunk as it arrives; `false` takes it off the way. */
  readonly pass: (chunk: Buffer) => boolean
}

/** Carries bytes and the end of them, in order, as slowly as their reader reads. */
export function pipe({ from, to, delay, pass }: PipeOptions): void {
  let tail: Promise<unknown> | undefined
  let waiting = 0

  const inOrder = (act: () => void): void => {
    const ms = delay()
    if (waiting === 0 && ms === 0) {
      act()
      return
    }
    waiting++
    // The time runs from its arrival, while those before it are still waiting.
    const due = sleep(ms, undefined, { ref: false })
    tail = Promise.all([tail, due]).then(() => {
      waiting--
      act()
    })
  }

  from.on('data', (chunk: Buffer) => {
    if (!pass(chunk)) return
    inOrder(() => {
      if (!to.writable || to.write(chunk)) return
      from.pause()
      to.once('drain', () => from.resume())
    })
  })
  from.on('end', () => {
    if (pass(Buffer.alloc(0))) inOrder(() => to.end())
  })
}
