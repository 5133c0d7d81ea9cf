import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 20

/** What keeps this process alive: sockets, servers, timers. */
export class Resources {
  readonly #before = process.getActiveResourcesInfo()

  /** What there is more than at the beginning; gives it so long to go. */
  async leaks(withinMs: number): Promise<readonly string[]> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const left = process.getActiveResourcesInfo()
      for (const known of this.#before) {
        const index = left.indexOf(known)
        if (index >= 0) left.splice(index, 1)
      }
      if (left.length === 0 || performance.now() > deadline) return left
      // its own timer is over by the next look
      await sleep(POLL_MS)
    }
  }
}
