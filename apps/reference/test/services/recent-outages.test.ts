import type { Change } from '@sync/core'
import type { Document } from 'feed'
import { describe, expect, it } from 'vitest'
import { RecentOutages } from '../../src/services/recent-outages.ts'

const common = { position: '1.e', commits: 1, at: 0 }
const created = (key: string): Change<Document> => ({
  ...common,
  kind: 'created',
  key,
  version: 1,
  value: { CITY: key, SPID: 's' },
})

describe('RecentOutages', () => {
  it('lists the latest change first, with the changed fields', () => {
    const recentOutages = new RecentOutages()
    recentOutages.apply([created('a'), created('b')])
    const value = { CITY: 'c', SPID: 's' }
    recentOutages.apply([
      { ...common, kind: 'changed', key: 'a', version: 2, value, previous: value, fields: ['CITY'], patch: [] },
    ])
    expect(recentOutages.rows.map(({ key, version, changed }) => [key, version, changed])).toEqual([
      ['a', 2, ['CITY']],
      ['b', 1, []],
    ])
    expect(recentOutages.rows[0]?.fields).toMatchObject({ CITY: 'c', OUTAGE_CAUSE: null })
    expect(recentOutages.rows[0]?.fields).not.toHaveProperty('SPID')
  })

  it('drops removed and old outages', () => {
    const recentOutages = new RecentOutages()
    for (let i = 0; i < 100; i++) recentOutages.apply([created(`k${i}`)])
    recentOutages.apply([{ ...common, kind: 'removed', key: 'k99', version: 2, reason: 'deleted' }])
    const keys = recentOutages.rows.map(({ key }) => key)
    expect(keys[0]).toBe('k98')
    expect(keys).not.toContain('k0')
  })
})
