// Two copies of the core in one process, as with two installed versions or after jest.resetModules(). The copies share no class.
import {
  createInstance,
  createMemoryHub,
  defineCollection,
  isSyncError,
  memoryBus,
  memoryStore,
  RejectedError,
  SyncError,
  type SyncInstance,
} from '@sync/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { wrapStore } from '../replica/wrapped-store.ts'

vi.resetModules()
const other: typeof import('@sync/core') = await import('@sync/core')

const products = defineCollection<{ left: number }>({ section: 'product', ttl: 'never' })
const opened: SyncInstance[] = []
const closeLater = (instance: SyncInstance): SyncInstance => {
  opened.push(instance)
  return instance
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((instance) => instance.close()))
})

describe('isSyncError()', () => {
  it('recognises an error of another copy of the package by its code', () => {
    const error = new other.RejectedError('no', [])
    expect(error).not.toBeInstanceOf(SyncError)
    expect(isSyncError(error)).toBe(true)
    expect(isSyncError(error, 'SYNC_REJECTED')).toBe(true)
    expect(isSyncError(error, 'SYNC_CLOSED')).toBe(false)
  })
})

describe('createInstance() with a store and a bus of another copy', () => {
  it('reads, writes and follows changes between instances of both copies', async () => {
    const hub = other.createMemoryHub()
    const here = closeLater(createInstance({ store: other.memoryStore(hub), bus: other.memoryBus(hub) }))
    const there = closeLater(other.createInstance({ store: other.memoryStore(hub), bus: other.memoryBus(hub) }))
    const writer = here.collection(products, { partition: 'eu' })
    const reader = there.collection(other.defineCollection<{ left: number }>({ section: 'product', ttl: 'never' }), {
      partition: 'eu',
    })
    await writer.set('lamp', { left: 2 })
    await reader.get('lamp')
    const { position } = await writer.update('lamp', (lamp) => {
      lamp.left -= 1
    })
    expect(await reader.get('lamp', { after: position })).toEqual({ left: 1 })
  })

  it('rejects a write at once with the final error of the store, which has a class of the other copy', async () => {
    const hub = createMemoryHub()
    const store = wrapStore(memoryStore(hub), (name, call) => {
      if (name === 'commit') throw new other.LimitError('the document is too large')
      return call()
    })
    const instance = closeLater(createInstance({ store, bus: memoryBus(hub) }))
    const eu = instance.collection(products, { partition: 'eu' })
    await expect(eu.set('lamp', { left: 1 })).rejects.toSatisfy((error) => isSyncError(error, 'SYNC_LIMIT'))
  })

  it('rejects with the error that a recipe throws, which has a class of the other copy', async () => {
    const hub = createMemoryHub()
    const instance = closeLater(createInstance({ store: memoryStore(hub), bus: memoryBus(hub) }))
    const eu = instance.collection(products, { partition: 'eu' })
    await eu.set('lamp', { left: 1 })
    const error = new other.NotFoundError('no such shelf')
    const update = eu.update('lamp', () => {
      throw error
    })
    await expect(update).rejects.toBe(error)
  })
})

describe('SyncError.toJSON()', () => {
  it('returns code, message, address and outcome, with the message of the cause', () => {
    const cause = new Error('sold out')
    const error = new RejectedError('the recipe threw', [], { cause, address: { partition: 'eu', section: 'product' } })
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({
      error: {
        name: 'RejectedError',
        code: 'SYNC_REJECTED',
        message: 'eu/product: the recipe threw [errors.md#sync_rejected]',
        retryable: false,
        committed: 'no',
        address: { partition: 'eu', section: 'product' },
        cause: 'sold out',
      },
    })
  })

  it('omits cause and address when the error has none', () => {
    expect(Object.keys(new RejectedError('no', []).toJSON())).toEqual([
      'name',
      'code',
      'message',
      'retryable',
      'committed',
    ])
  })
})
