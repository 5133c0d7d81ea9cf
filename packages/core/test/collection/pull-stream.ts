import type { Change, ChangesOptions } from '@sync/core'
import type { Doc, TestSetup } from '../replica/test-setup.ts'

/** Opens a change stream that is read only when `next` is called. */
export function pullStream(t: TestSetup, options: ChangesOptions<Doc> = {}): { next(): Promise<Change<Doc>[]> } {
  const stream = t.local.changes({ combine: false, ...options })[Symbol.asyncIterator]()
  let waiting: Promise<IteratorResult<readonly Change<Doc>[]>> | undefined
  return {
    /** Returns the changes that the stream emits before it pauses for 100 ms. */
    async next() {
      const all: Change<Doc>[] = []
      for (;;) {
        waiting ??= stream.next()
        let batch: readonly Change<Doc>[] | undefined
        waiting.then(
          ({ value }) => {
            batch = value
          },
          // the last read is rejected when the instance closes
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
