import { expect, it } from 'vitest'
import { openCatalogue } from '../../src/servers/catalogue.ts'

it('begins in memory, and has some to move to', async () => {
  await using catalogue = await openCatalogue({})
  expect([catalogue.store.name, catalogue.bus.name]).toEqual(['memory one', 'memory one'])
  expect(catalogue.stores.map(({ name }) => name)).toEqual(['memory one', 'memory two', 'memory, 20 ms late'])
  expect(catalogue.serverOf(catalogue.store)?.loseTail).toBeTypeOf('function')
})

it('begins where it is told to, without repeating a password, and harms nothing there', async () => {
  const url = 'redis://me:secret@host:6379/1'
  await using catalogue = await openCatalogue({ stores: [url], buses: [`${url}?transport=streams`] })
  expect(catalogue.store).toEqual({ name: 'redis://host:6379/1', url })
  expect(catalogue.bus.name).toBe('redis://host:6379/1?transport=streams')
  expect(catalogue.serverOf(catalogue.store)).toBeUndefined()
})

it('has one place for one URL', async () => {
  await using catalogue = await openCatalogue({ stores: ['memory:one'], buses: ['memory:mine'] })
  expect(catalogue.stores.map(({ name }) => name)).toEqual([
    'memory:one',
    'memory:mine',
    'memory two',
    'memory, 20 ms late',
  ])
  expect(catalogue.serverOf(catalogue.bus)?.buses).toEqual([{ name: 'memory:mine', url: 'memory:mine' }])
})
