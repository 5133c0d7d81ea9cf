import { memoryBus } from '@sync/core'
import { redisBus, redisRelay, redisStore } from '@sync/redis'
import { describe, expect, it } from 'vitest'

const untyped = (value: unknown): never => value as never

describe('an unknown option', () => {
  it.each([
    ['redisBus()', () => redisBus('redis://localhost', untyped({ bus: 'streams' })), /"bus"/],
    ['redisStore()', () => redisStore('redis://localhost', untyped({ maxAnswers: 5 })), /"maxAnswers"/],
    ['redisRelay()', () => redisRelay('redis://localhost', untyped({ bus: memoryBus(), leese: 5 })), /"leese"/],
  ])('of %s throws SYNC_ARGUMENT and opens nothing', (_, call, message) => {
    expect(call).toThrow(expect.objectContaining({ code: 'SYNC_ARGUMENT' }))
    expect(call).toThrow(message)
  })
})
