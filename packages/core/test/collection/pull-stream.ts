import type { Change, ChangesOptions } from '@sync/core'
import type { Doc, TestSetup } from '../replica/test-setup.ts'

/** Pulls a stream only when asked to. */
export function pullStream(t: TestSetup, options: ChangesOptions<Doc> = {}): { next(): Promise<Change<Doc>[]> } {
  const stream = t.local.changes({ combine: false, ...options })[Symbol.asyncIterator]()
  let waiting: Promise<IteratorResult<readonly Change<Doc>[]>> | undefined
  return {
    /** All that is there within 100 ms. */
    async next() {
      const all: Change<Doc>[] = []
      for (;;) {
        waiting ??= stream.next()
        let batch: readonly Change<Doc>[] | undefined
        waiting.then(
          ({ value }) => {
            batch = value
          },
          // the last one is refused when the instance closes
          () => {},
        )
        await t.clock.advance(100)
        if (!batch) return all
        waiting = undefined
        all.push(...batch)
      }
    },
  }
}
