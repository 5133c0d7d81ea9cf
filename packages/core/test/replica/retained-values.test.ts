import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { type Doc, openTestSetup } from './test-setup.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('subscribe()', () => {
  it.each(['section', 'document'] as const)(
    'retains no earlier value of a document when subscribed by %s',
    async (subscribeBy) => {
      await using t = openTestSetup({}, { subscribeBy })
      await t.remote.assign('x', { n: 0 })
      await t.local.get('x')
      const stop = t.local.subscribe('x', () => {})
      const earlier: WeakRef<Doc>[] = []
      for (let n = 1; n <= 100; n++) {
        earlier.push(new WeakRef(t.local.peek('x') as Doc))
        await t.remote.assign('x', { n })
        await t.clock.advance(1)
      }
      expect(t.local.peek('x')).toEqual({ n: 100 })
      await new Promise((resolve) => setTimeout(resolve, 1))
      collectGarbage()
      // code that is still running may reference a few of them
      expect(earlier.filter((value) => value.deref() !== undefined).length).toBeLessThan(5)
      stop()
    },
  )
})
