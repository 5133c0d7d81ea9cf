import type { Change } from '@sync/core'
import type { Document } from 'feed'
import { expect, it } from 'vitest'
import { Board } from '../../src/services/board.ts'

const place = { position: '1.e', commits: 1, at: 0 }
const created = (key: string): Change<Document> => ({
  ...place,
  kind: 'created',
  key,
  version: 1,
  value: { CITY: key, SPID: 's' },
})

it('lists what changed last first, with the fields that did', () => {
  const board = new Board()
  board.take([created('a'), created('b')])
  const value = { CITY: 'c', SPID: 's' }
  board.take([{ ...place, kind: 'changed', key: 'a', version: 2, value, previous: value, fields: ['CITY'], patch: [] }])
  expect(board.rows.map(({ key, version, changed }) => [key, version, changed])).toEqual([
    ['a', 2, ['CITY']],
    ['b', 1, []],
  ])
  expect(board.rows[0]?.fields).toMatchObject({ CITY: 'c', OUTAGE_CAUSE: null })
  expect(board.rows[0]?.fields).not.toHaveProperty('SPID')
})

it('forgets what is gone and what is old', () => {
  const board = new Board()
  for (let i = 0; i < 100; i++) board.take([created(`k${i}`)])
  board.take([{ ...place, kind: 'removed', key: 'k99', version: 2, reason: 'deleted' }])
  const keys = board.rows.map(({ key }) => key)
  expect(keys[0]).toBe('k98')
  expect(keys).not.toContain('k0')
})
