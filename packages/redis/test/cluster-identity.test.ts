import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ClusterIdentity, isSameServer } from '../src/connection/cluster-identity.ts'

const line = (id: string, flags = 'master'): string =>
  `${id} 127.0.0.1:7000@17000 ${flags} - 0 1763700000000 1 connected 0-5460`

const identityOf = async (...lines: string[]): Promise<string | undefined> => {
  const identity = new ClusterIdentity(async () => `${lines.join('\n')}\n`)
  await identity.refresh()
  const { current } = identity
  identity.close()
  return current
}

describe('ClusterIdentity', () => {
  it('is equal after a fail-over and for any order of the nodes', async () => {
    const before = await identityOf(line('a', 'myself,master'), line('b'), line('c', 'slave'))
    const after = await identityOf(line('c', 'master'), line('a', 'master,fail'), line('b', 'myself,master'))
    expect(before).toBe(after)
  })

  it('ignores nodes in handshake', async () => {
    expect(await identityOf(line('a'), line('x', 'handshake'))).toBe(await identityOf(line('a')))
  })

  it('ignores a reply that arrives after reset()', async () => {
    const reply = Promise.withResolvers<string>()
    const queryNodes = vi.fn(() => reply.promise)
    const identity = new ClusterIdentity(queryNodes)
    const refreshed = identity.refresh()
    identity.reset()
    reply.resolve(line('a'))
    await refreshed
    expect(identity.current).toBeUndefined()
    await identity.refresh()
    expect(identity.current).toBe('a')
    identity.close()
  })
})

describe('isSameServer()', () => {
  it('returns true if the views share more than half of each other', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String), { minLength: 1 })
    const property = fc.property(ids, ids, (left, right) => {
      const common = left.filter((id) => right.includes(id)).length
      const same = common > left.length / 2 && common > right.length / 2
      expect(isSameServer([...left].sort().join(' '), [...right].sort().join(' '))).toBe(same)
    })
    fc.assert(property)
  })

  it('returns false for unknown identities', () => {
    expect(isSameServer(undefined, undefined)).toBe(false)
    expect(isSameServer('', '')).toBe(false)
    expect(isSameServer('a', undefined)).toBe(false)
    expect(isSameServer(undefined, 'a')).toBe(false)
  })
})
