import { EventLog } from '@sync/admin/parts'
import { describe, expect, it, vi } from 'vitest'
import { RecoveryTimer } from '../src/recovery.ts'
import type { ServiceHandle } from '../src/services/handle.ts'

/** Creates a replica whose `waitForCatchUp` calls the test resolves. */
function replica() {
  const calls: PromiseWithResolvers<{ at: number }>[] = []
  const execute = (() => {
    calls.push(Promise.withResolvers())
    return calls.at(-1)?.promise
  }) as ServiceHandle['execute']
  return { name: 'a', execute, calls }
}

describe('RecoveryTimer', () => {
  it('logs the time until a replica has caught up', async () => {
    const log = new EventLog(60)
    const { calls, ...a } = replica()
    new RecoveryTimer(log).start(a, { since: 100 })
    calls[0]?.resolve({ at: 160 })
    await vi.waitUntil(() => log.lines.length > 0)
    expect(log.lines).toMatchObject([{ instance: 'a', text: 'recovered in 60 ms', at: 160 }])
  })

  it('logs nothing when another fault begins or the service ends', async () => {
    const log = new EventLog(60)
    const recovery = new RecoveryTimer(log)
    const { calls, ...a } = replica()
    recovery.start(a, { since: 100 })
    recovery.cancel('a')
    calls[0]?.resolve({ at: 160 })
    recovery.start(a, { since: 200 })
    calls[1]?.reject(new Error('ended'))
    await new Promise(setImmediate)
    expect(log.lines).toEqual([])
  })
})
