import { describe, expect, it } from 'vitest'
import { openCatalogue } from '../../src/servers/catalogue.ts'

describe('openCatalogue()', () => {
  it('starts with memory, and offers other in-memory stores and buses', async () => {
    await using catalogue = await openCatalogue({})
    expect([catalogue.store.name, catalogue.bus.name]).toEqual(['memory 1', 'memory 1'])
    expect(catalogue.stores.map(({ name }) => name)).toEqual(['memory 1', 'memory 2', 'memory with 20 ms delay'])
    expect(catalogue.serverOf(catalogue.store)?.loseTail).toBeTypeOf('function')
  })

  it('starts with the given URLs, hides passwords, and has no server to kill there', async () => {
    const url = 'redis://me:secret@host:6379/1'
    await using catalogue = await openCatalogue({ stores: [url], buses: [`${url}?transport=streams`] })
    expect(catalogue.store).toEqual({ name: 'redis://host:6379/1', url })
    expect(catalogue.bus.name).toBe('redis://host:6379/1?transport=streams')
    expect(catalogue.serverOf(catalogue.store)).toBeUndefined()
  })

  it('lists each URL once', async () => {
    await using catalogue = await openCatalogue({ stores: ['memory:one'], buses: ['memory:mine'] })
    expect(catalogue.stores.map(({ name }) => name)).toEqual([
      'memory:one',
      'memory:mine',
      'memory 2',
      'memory with 20 ms delay',
    ])
    expect(catalogue.serverOf(catalogue.bus)?.buses).toEqual([{ name: 'memory:mine', url: 'memory:mine' }])
  })
})
