import { createInstance, createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import { describe, expect, it, vi } from 'vitest'
import { Journal } from '../../src/services/journal.ts'

const notes = defineCollection<{ text: string; n: number }>({ section: 'note', ttl: 'never', replicate: 'all' })

describe('Journal', () => {
  it('records author, field, old and new value, newest first', async () => {
    const hub = createMemoryHub()
    await using sync = createInstance({ store: memoryStore(hub), bus: memoryBus(hub) })
    const eu = sync.collection(notes, { partition: 'eu' })
    const journal = new Journal()
    const end = new AbortController()
    const following = (async () => {
      for await (const batch of eu.changes({ from: 'snapshot', signal: end.signal })) journal.record('units', batch)
    })()
    await eu.ready()
    await eu.create('home', { text: 'a', n: 1 }, { meta: { actor: 'ann' } })
    await vi.waitUntil(() => journal.read({ last: 9 }).length === 1)
    await eu.assign('home', { text: 'b', n: 2 }, { meta: { actor: 'ben', instance: 'replica 2' } })
    await vi.waitUntil(() => journal.read({ last: 9 }).length === 3)
    await eu.delete('home')
    await vi.waitUntil(() => journal.read({ last: 9 }).length === 4)
    end.abort()
    await following
    const address = { section: 'units', key: 'home' }
    const [removed, ...changed] = journal.read({ last: 9 })
    expect(removed).toMatchObject({ ...address, kind: 'removed', actor: 'unknown', instance: null })
    expect(changed.sort((a, b) => `${a.field}`.localeCompare(`${b.field}`))).toMatchObject([
      { ...address, kind: 'changed', actor: 'ben', instance: 'replica 2', version: 2, field: 'n', from: 1, to: 2 },
      { ...address, kind: 'changed', actor: 'ben', field: 'text', from: 'a', to: 'b' },
      { ...address, kind: 'created', actor: 'ann', version: 1 },
    ])
  })

  it('keeps the latest changes of each section, and filters by section and key', () => {
    const journal = new Journal()
    const change = (key: string) =>
      ({ kind: 'created', key, version: 1, value: {}, position: '1.e', commits: 1, at: 0 }) as const
    journal.record('units', [change('unit-001')])
    for (let i = 0; i < 30; i++)
      journal.record(
        'outages',
        Array.from({ length: 50 }, (_, n) => change(`o-${i * 50 + n}`)),
      )
    expect(journal.read({ section: 'units', last: 9 }).map(({ key }) => key)).toEqual(['unit-001'])
    expect(journal.read({ last: 2 }).map(({ key }) => key)).toEqual(['o-1499', 'o-1498'])
    expect(journal.read({ key: 'o-77', last: 9 }).map(({ key }) => key)).toEqual([
      'o-779',
      'o-778',
      'o-777',
      'o-776',
      'o-775',
      'o-774',
      'o-773',
      'o-772',
      'o-771',
    ])
    expect(journal.read({ key: 'o-3', section: 'outages', last: 5_000 }).length).toBeLessThan(1_000)
  })
})
