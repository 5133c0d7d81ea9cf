import { LimitError } from '@sync/core'
import type { CommitRequest, CommitResult, Head } from '@sync/core/adapter'
import { describe, expect, it, vi } from 'vitest'
import { type Doc, openTestSetup, type TestSetup } from '../replica/test-setup.ts'

const up = (d: Doc): void => {
  d.n = (d.n ?? 0) + 1
}

const refusal = new LimitError('out of memory')

/** Refusals of a call as a whole, and of a single request. */
const refusals: Readonly<Record<string, (t: TestSetup) => Promise<CommitResult[]>>> = {
  'an error': () => Promise.reject(refusal),
  'a failed result': async (t) => {
    const [head] = await t.requests.store.heads([{ scope: { partition: 'p', section: 'doc' } }])
    return [{ status: 'failed', error: refusal, state: (head as Head).state }]
  },
}

/** Records the requests that the instance sends from now on, in order. */
function recordRequests(t: TestSetup): () => CommitRequest[] {
  const commit = vi.spyOn(t.requests.store, 'commit')
  return () => commit.mock.calls.flatMap(([group]) => group)
}

describe('operation ids', () => {
  it('keeps the id after a conflict and counts the attempts', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('x', { n: 5 })
    const requests = recordRequests(t)
    await t.local.update('x', up)
    const [{ op: first }, ...again] = requests() as [CommitRequest]
    expect(again.map(({ op }) => op)).toEqual([{ ...first, attempt: 2 }])
    expect(t.stored('x')).toEqual({ n: 6 })
  })

  it('resends the same write under its id when the store refuses its epoch', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 1 })
    t.hub.store.restart()
    const requests = recordRequests(t)
    await t.local.assign('x', { n: 2 })
    const [{ op, fields }, ...again] = requests() as [CommitRequest]
    expect(again).toMatchObject([{ op, fields }])
  })

  it('publishes a write whose reply is lost', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 1 })
    await t.remote.get('x')
    t.hub.store.loseReplies()
    const write = t.local.assign('x', { n: 2 })
    await t.clock.advance(100)
    await write
    expect(t.remote.peek('x')).toEqual({ n: 2 })
  })

  it('rejects with an unknown outcome when the reply is lost and the result forgotten', async () => {
    await using t = openTestSetup({ maxOpResults: 4 })
    await t.local.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.store.loseReplies()
    const doubt = expect(t.local.update('x', up)).rejects.toMatchObject({ code: 'SYNC_OUTCOME_UNKNOWN' })
    await t.clock.advance(1)
    for (let n = 0; n < 12; n++) await t.remote.assign('y', { n })
    await t.clock.advance(100)
    await doubt
    expect(t.stored('x')).toEqual({ n: 2 })
  })

  for (const [answer, refuse] of Object.entries(refusals))
    it(`rejects with an unknown outcome when the reply is lost and the repetition gets ${answer}`, async () => {
      await using t = openTestSetup()
      await t.local.assign('x', { n: 1 })
      t.hub.store.loseReplies()
      const doubt = expect(t.local.update('x', up)).rejects.toMatchObject({
        code: 'SYNC_OUTCOME_UNKNOWN',
        committed: 'unknown',
        cause: refusal,
      })
      await t.clock.advance(1)
      vi.spyOn(t.requests.store, 'commit').mockImplementation(() => refuse(t))
      await t.clock.advance(1_000)
      await doubt
      expect(t.stored('x')).toEqual({ n: 2 })
    })

  for (const [answer, refuse] of Object.entries(refusals))
    it(`rejects with the error of the store when the first request gets ${answer}`, async () => {
      await using t = openTestSetup()
      await t.local.assign('x', { n: 1 })
      vi.spyOn(t.requests.store, 'commit').mockImplementation(() => refuse(t))
      await expect(t.local.update('x', up)).rejects.toBe(refusal)
      expect(t.stored('x')).toEqual({ n: 1 })
    })

  it('commits each write once when a group commit is resent in parts', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 0 })
    await t.remote.assign('y', { n: 0 })
    await t.local.getMany(['x', 'y'])
    const commit = vi.spyOn(t.requests.store, 'commit')
    t.hub.store.loseReplies()
    const writes = [t.local.update('x', up), t.local.update('y', up)]
    await t.clock.advance(100)
    await Promise.all(writes)
    expect([t.stored('x'), t.stored('y')]).toEqual([{ n: 1 }, { n: 1 }])
    expect(commit.mock.calls.map(([group]) => group.length)).toEqual([2, 1, 1])
  })
})
