import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
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

it('a cluster is the same after a fail-over, in whatever order its nodes are named', async () => {
  const before = await identityOf(line('a', 'myself,master'), line('b'), line('c', 'slave'))
  const after = await identityOf(line('c', 'master'), line('a', 'master,fail'), line('b', 'myself,master'))
  expect(before).toBe(after)
})

it('a node that is being met counts for nothing', async () => {
  expect(await identityOf(line('a'), line('x', 'handshake'))).toBe(await identityOf(line('a')))
})

it('two views are one cluster as long as each has more than half of the other', () => {
  const ids = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String), { minLength: 1 })
  const property = fc.property(ids, ids, (some, others) => {
    const common = some.filter((id) => others.includes(id)).length
    const same = common > some.length / 2 && common > others.length / 2
    expect(isSameServer([...some].sort().join(' '), [...others].sort().join(' '))).toBe(same)
  })
  fc.assert(property)
})

it('what is not known is nothing else, be it unknown too', () => {
  expect(isSameServer(undefined, undefined)).toBe(false)
  expect(isSameServer('', '')).toBe(false)
  expect(isSameServer('a', undefined)).toBe(false)
  expect(isSameServer(undefined, 'a')).toBe(false)
})

it('a late answer does not speak for what is reached after all was lost', async () => {
  const asked = Promise.withResolvers<string>()
  const ask = vi.fn(() => asked.promise)
  const identity = new ClusterIdentity(ask)
  const refreshed = identity.refresh()
  identity.reset()
  asked.resolve(line('a'))
  await refreshed
  expect(identity.current).toBeUndefined()
  await identity.refresh()
  expect(identity.current).toBe('a')
  identity.close()
})
