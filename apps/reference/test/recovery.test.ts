import { expect, it, vi } from 'vitest'
import { EventLog } from '../src/event-log.ts'
import { RecoveryTimer } from '../src/recovery.ts'
import type { ServiceHandle } from '../src/services/handle.ts'

/** A replica that is caught up when it is told to. */
function replica() {
  const calls: PromiseWithResolvers<{ at: number }>[] = []
  const ask = (() => {
    calls.push(Promise.withResolvers())
    return calls.at(-1)?.promise
  }) as ServiceHandle['execute']
  return { name: 'a', execute: ask, calls }
}

it('tells how long a replica took to be caught up with what was written', async () => {
  const log = new EventLog()
  const { calls, ...a } = replica()
  new RecoveryTimer(log).start(a, { since: 100 })
  calls[0]?.resolve({ at: 160 })
  await vi.waitUntil(() => log.lines.length > 0)
  expect(log.lines).toMatchObject([{ instance: 'a', text: 'recovered within 60 ms', at: 160 }])
})

it('times nothing that was disturbed again, nor one that has ended', async () => {
  const log = new EventLog()
  const recovery = new RecoveryTimer(log)
  const { calls, ...a } = replica()
  recovery.start(a, { since: 100 })
  recovery.cancel('a')
  calls[0]?.resolve({ at: 160 })
  recovery.start(a, { since: 200 })
  calls[1]?.reject(new Error('gone'))
  await new Promise(setImmediate)
  expect(log.lines).toEqual([])
})
