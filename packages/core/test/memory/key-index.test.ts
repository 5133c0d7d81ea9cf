import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryHub, memoryStore } from '../../src/memory/index.ts'
import { Writer } from './writer.ts'

const section = { partition: 'eu', section: 'product' }

describe('keys() of a memory store', () => {
  it('returns every key that remains, in code-point order, while others are created, deleted and lost', async () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'b', '\uffff', '\u{10000}', '\u{10ffff}'),
      minLength: 1,
      maxLength: 3,
    })
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant('page' as const) },
      fc.record({ key: name, delete: fc.boolean() }),
      fc.record({ lose: fc.nat({ max: 2 }) }),
    )
    const property = fc.asyncProperty(
      fc.array(name),
      fc.array(step),
      fc.integer({ min: 1, max: 4 }),
      async (initial, steps, limit) => {
        const hub = createMemoryHub({ maxUndoCommits: 10 })
        const [own, w] = [memoryStore(hub), await Writer.open(memoryStore(hub))]
        for (const key of initial) await w.write(key, { a: '1' })
        const listed: string[] = []
        let remaining: ReadonlySet<string> | undefined
        let after: string | undefined
        const present = (): string[] => [...(hub.store.inspect(section)?.documents.keys() ?? [])]
        const page = async (): Promise<void> => {
          remaining ??= new Set(present())
          const read = await own.keys(section, { limit, ...(after !== undefined && { after }) })
          expect(read.keys.length).toBeLessThanOrEqual(limit)
          for (const key of read.keys) expect(present()).toContain(key)
          listed.push(...read.keys)
          after = read.cursor
        }
        await page()
        for (const each of [...steps, 'page', 'page', 'page', 'page'] as const) {
          if (each === 'page') {
            if (after !== undefined) await page()
          } else {
            if ('lose' in each) hub.store.loseTail(each.lose)
            else if (each.delete) await w.delete(each.key)
            else await w.write(each.key, { a: '1' })
            await w.catchUp()
          }
          remaining = new Set(present().filter((key) => remaining?.has(key)))
        }
        while (after !== undefined) await page()
        expect(listed).toEqual([...new Set(listed)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
        expect(listed).toEqual(expect.arrayContaining([...(remaining ?? [])]))
      },
    )
    await fc.assert(property, { numRuns: 200 })
  })
})
