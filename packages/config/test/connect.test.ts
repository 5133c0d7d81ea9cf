import { connect, registerScheme } from '@sync/config'
import { memoryBus, memoryStore } from '@sync/core'
import { describe, expect, it } from 'vitest'

describe('connect()', () => {
  it.each([
    [{}, /^store: expected a URL, got undefined; set it, for example to 'redis:/],
    [{ store: undefined, bus: undefined }, /^store: expected a URL, got undefined/],
    [{ store: 'memory:' }, /^bus: expected a URL, got undefined; set it, for example to 'nats:/],
    [{ store: 'memory:', bus: null }, /^bus: expected a URL, got null/],
    [{ store: '', bus: 'memory:' }, /^store: expected a URL, got ""/],
  ])('rejects %j with SYNC_CONFIG instead of opening an in-memory store', async (options, message) => {
    const connecting = connect(options as never)
    await expect(connecting).rejects.toMatchObject({ code: 'SYNC_CONFIG', message: expect.stringMatching(message) })
  })

  it('closes store and bus when an option is invalid', async () => {
    const closed: string[] = []
    registerScheme('closing', async () => ({
      store: () => Object.assign(memoryStore(), { close: async () => void closed.push('store') }),
      bus: () => Object.assign(memoryBus(), { close: async () => void closed.push('bus') }),
    }))
    const connecting = connect({ store: 'closing:', bus: 'closing:', checkInterval: 'often' as never })
    await expect(connecting).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    expect(closed).toEqual(['bus', 'store'])
  })
})
