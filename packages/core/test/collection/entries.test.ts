import { defineCollection, sum } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { open } from './open.ts'

interface Doc {
  n: number
}
const onRead = defineCollection<Doc>({ section: 'doc', ttl: 'never' })
const all = defineCollection<Doc>({ section: 'doc', ttl: 'never', replicate: 'all' })

describe('entries()', () => {
  it.each([
    ['read on demand', onRead],
    ['replicated whole', all],
  ])('lists every document of a section that is %s', async (_, definition) => {
    await using t = open(definition)
    for (let n = 0; n < 300; n++) await t.a.create(`k${n}`, { n })
    await t.a.delete('k7')
    await t.cluster.settle()
    const listed = new Map<string, number>()
    for await (const [key, { value, version, position }] of t.b.entries()) {
      expect({ version, position: typeof position }).toEqual({ version: 1, position: 'string' })
      listed.set(key, value.n)
    }
    expect(listed.size).toBe(299)
    expect([listed.get('k0'), listed.get('k299'), listed.has('k7')]).toEqual([0, 299, false])
  })

  it('lists only keys with the given prefix', async () => {
    await using t = open(onRead)
    for (const key of ['a:1', 'a:2', 'ab:1', 'b:1']) await t.a.create(key, { n: 1 })
    const keys: string[] = []
    for await (const [key] of t.b.entries({ prefix: 'a:' })) keys.push(key)
    expect(keys.sort()).toEqual(['a:1', 'a:2'])
  })

  it('does not cache the documents that it lists', async () => {
    await using t = open(onRead)
    for (let n = 0; n < 10; n++) await t.a.create(`k${n}`, { n })
    for await (const _ of t.b.entries()) void _
    expect(t.b.peek('k1')).toBe(undefined)
    expect(t.instances[1]?.stats().documents).toBe(0)
  })

  it('rejects when the instance is closed', async () => {
    await using t = open(onRead)
    await t.instances[0]?.close()
    await expect(t.a.entries()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
  })
})

describe('getEntry()', () => {
  it('returns the version of a new field as the store assigned it when another field changes too', async () => {
    const counted = defineCollection<{ n: number; s?: number }>({ section: 'doc', ttl: 'never', merge: { s: sum } })
    await using t = open(counted)
    await t.a.create('k', { n: 0 })
    await t.b.get('k')
    // the new field precedes the changed one
    await t.a.set('k', { s: 1, n: 1 })
    await t.cluster.settle()
    for (const docs of [t.a, t.b]) expect((await docs.getEntry('k'))?.fieldVersions).toEqual({ n: 2, s: 1 })
    await t.a.set('k', { s: 2, n: 2 })
    await t.a.unset('k', ['n'])
    await t.cluster.settle()
    await t.b.assign('k', { s: 5 })
    expect(t.b.peek('k')).toEqual({ s: 5 })
  })
})
