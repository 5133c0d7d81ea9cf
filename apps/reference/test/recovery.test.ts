import { expect, it, vi } from 'vitest'
import { EventLog } from '../src/event-log.ts'
import { Recovery } from '../src/recovery.ts'
import type { Handle } from '../src/services/handle.ts'

/** A replica that is caught up when it is told to. */
function replica() {
  const asked: PromiseWithResolvers<{ at: number }>[] = []
  const ask = (() => {
    asked.push(Promise.withResolvers())
    return asked.at(-1)?.promise
  }) as Handle['ask']
  return { name: 'a', ask, asked }
}

it('tells how long a replica took to be caught up with what was written', async () => {
  const log = new EventLog()
  const { asked, ...a } = replica()
  new Recovery(log).begin(a, { since: 100 })
  asked[0]?.resolve({ at: 160 })
  await vi.waitUntil(() => log.lines.length > 0)
  expect(log.lines).toMatchObject([{ instance: 'a', text: 'recovered within 60 ms', at: 160 }])
})

it('times nothing that was disturbed again, nor one that has ended', async () => {
  const log = new EventLog()
  const recovery = new Recovery(log)
  const { asked, ...a } = replica()
  recovery.begin(a, { since: 100 })
  recovery.cancel('a')
  asked[0]?.resolve({ at: 160 })
  recovery.begin(a, { since: 200 })
  asked[1]?.reject(new Error('gone'))
  await new Promise(setImmediate)
  expect(log.lines).toEqual([])
})
