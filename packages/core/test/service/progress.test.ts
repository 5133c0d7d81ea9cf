import { defineCollection } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { open } from '../collection/open.ts'

interface Doc {
  n: number
}

describe('health()', () => {
  it('reports the sequence of each section and how far it is behind', async () => {
    await using t = open(defineCollection<Doc>({ section: 'doc', ttl: 'never' }))
    const sections = (at: number) => t.instances[at]?.health().sections
    await t.a.assign('x', { n: 1 })
    await t.b.get('x')
    const { epoch } = sections(0)?.[0] ?? {}
    expect(epoch).toMatch(/./)
    expect(sections(1)).toEqual([{ partition: 'eu', section: 'doc', epoch, sequence: 1, behind: 0 }])
    // one message for each instance
    t.cluster.bus.drop(2)
    await t.a.assign('x', { n: 2 })
    await t.instances[0]?.flush()
    await t.a.assign('x', { n: 3 })
    await t.instances[0]?.flush()
    await t.cluster.clock.advance(1)
    expect(sections(0)).toEqual([{ partition: 'eu', section: 'doc', epoch, sequence: 3, behind: 0 }])
    expect(sections(1)).toEqual([{ partition: 'eu', section: 'doc', epoch, sequence: 1, behind: 2 }])
    await t.cluster.settle()
    expect(sections(1)).toEqual(sections(0))
  })

  it('reports no sections when subscribed by document', async () => {
    await using t = open(defineCollection<Doc>({ section: 'doc', ttl: 'never', subscribeBy: 'document' }))
    await t.a.assign('x', { n: 1 })
    expect(t.instances[0]?.health()).toMatchObject({ state: 'live', sections: [] })
  })
})
