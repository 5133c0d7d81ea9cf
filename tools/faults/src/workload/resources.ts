import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 20

/** Compares the resources that keep this process alive (sockets, servers, timers) with those at its creation. */
export class Resources {
  readonly #before = process.getActiveResourcesInfo()

  /** Returns the additional resources that are still open after at most `withinMs` milliseconds. */
  async leaks(withinMs: number): Promise<readonly string[]> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const left = process.getActiveResourcesInfo()
      for (const known of this.#before) {
        const index = left.indexOf(known)
        if (index >= 0) left.splice(index, 1)
      }
      if (left.length === 0 || performance.now() > deadline) return left
      // the timer of this sleep has ended when resources are counted again
      await sleep(POLL_MS)
    }
  }
}
