import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type Doc, open } from './stage.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test.each(['section', 'key'] as const)('no earlier value of a document is kept, followed by %s', async (follow) => {
  await using t = open({}, { follow })
  await t.other.set('x', { n: 0 })
  await t.c.get('x')
  const stop = t.c.subscribe('x', () => {})
  const earlier: WeakRef<Doc>[] = []
  for (let n = 1; n <= 100; n++) {
    earlier.push(new WeakRef(t.c.peek('x') as Doc))
    await t.other.set('x', { n })
    await t.clock.advance(1)
  }
  expect(t.c.peek('x')).toEqual({ n: 100 })
  await new Promise((resolve) => setTimeout(resolve, 1))
  collectGarbage()
  // what is at work just now may hold one or the other
  expect(earlier.filter((value) => value.deref() !== undefined).length).toBeLessThan(5)
  stop()
})
