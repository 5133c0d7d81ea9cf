import { bundledFeed } from 'feed'
import { describe, expect, it, vi } from 'vitest'
import { openChildProcess } from '../../src/services/child-process.ts'
import type { ServiceHandle } from '../../src/services/handle.ts'
import { openInProcess } from '../../src/services/in-process.ts'
import type { Report, ServiceSpec } from '../../src/services/service.ts'

const never = new AbortController().signal
const memory = (name: string): ServiceSpec => ({
  kind: 'replica',
  name,
  store: `memory:${name}`,
  bus: `memory:${name}`,
})

describe.each([
  { where: 'in this process', open: openInProcess },
  { where: 'in a process of its own', open: openChildProcess },
])('a service $where', { timeout: 60_000 }, ({ where, open }) => {
  /** Opens a service for as long as `work` takes. */
  async function using(spec: ServiceSpec, work: (handle: ServiceHandle, reports: readonly Report[]) => Promise<void>) {
    const reports: Report[] = []
    const handle = await open(spec, (report) => reports.push(report), never)
    try {
      await work(handle, reports)
    } finally {
      await handle.close()
    }
  }

  it('does what it is asked for, and tells how it is doing', async () => {
    await using(memory(where), async (replica, reports) => {
      expect(replica.pid === process.pid).toBe(open === openInProcess)
      expect(await replica.execute('digest')).toMatchObject({ documents: 0 })
      expect(await replica.execute('copies', { keys: ['a'] })).toEqual({})
      await vi.waitUntil(() => reports.some((report) => 'status' in report), { timeout: 20_000 })
      expect(reports.find((report) => 'status' in report)).toMatchObject({ status: { state: 'live', sequence: 0 } })
    })
  })

  it('refuses with the code of what went wrong', async () => {
    await using(memory(where), async (replica) => {
      await expect(replica.execute('pace', { rate: 1 })).rejects.toMatchObject({
        name: 'CommandError',
        code: 'UNKNOWN_ORDER',
        committed: 'no',
      })
      const last = replica.execute('removeBus', { url: `memory:${where}` })
      await expect(last).rejects.toMatchObject({
        code: 'SYNC_ARGUMENT',
        message: expect.stringContaining('remove: expected at least one other member'),
      })
      const pigeon = replica.execute('addBus', { url: 'pigeon:' })
      await expect(pigeon).rejects.toMatchObject({ code: 'SYNC_CONFIG' })
    })
  })

  it('refuses what it is asked for once it has ended', async () => {
    const replica = await open(memory(where), () => undefined, never)
    const waiting = replica.execute('caughtUp', { since: Date.now() + 3_600_000 })
    const refused = expect(waiting).rejects.toMatchObject({ code: 'GONE', committed: 'unknown' })
    await replica.close()
    await refused
    await expect(replica.execute('check')).rejects.toMatchObject({ code: 'GONE' })
    await replica.close()
  })

  it('that cannot be opened says why', async () => {
    const opening = open({ ...memory(where), store: 'pigeon:' }, () => undefined, never)
    await expect(opening).rejects.toMatchObject({ code: 'SYNC_CONFIG' })
    const later = open(memory(where), () => undefined, AbortSignal.abort(new Error('no longer wanted')))
    await expect(later).rejects.toThrow(/aborted|no longer wanted/)
  })

  it('writes when it may, and stands still when it is held', async () => {
    const spec: ServiceSpec = { ...memory(where), kind: 'ingest', feed: { file: bundledFeed, rate: 0 } }
    await using(spec, async (ingest, reports) => {
      const sequence = () => reports.findLast((report) => 'status' in report)?.status.sequence ?? 0
      await ingest.execute('pace', { rate: 'max' })
      await vi.waitUntil(() => sequence() > 100, { timeout: 20_000 })
      await ingest.execute('hold')
      const told1 = reports.length
      await vi.waitUntil(() => reports.length > told1 + 1, { timeout: 20_000 })
      const held = sequence()
      const told2 = reports.length
      await vi.waitUntil(() => reports.length > told2 + 1, { timeout: 20_000 })
      expect(sequence()).toBe(held)
      await ingest.execute('release')
      await vi.waitUntil(() => sequence() > held, { timeout: 20_000 })
    })
  })
})

it('tells that its process was killed, and refuses what it was asked', async () => {
  const reports: Report[] = []
  const replica = await openChildProcess(memory('killed'), (report) => reports.push(report), never)
  const waiting = replica.execute('caughtUp', { since: Date.now() + 3_600_000 })
  process.kill(replica.pid, 'SIGKILL')
  await expect(waiting).rejects.toMatchObject({ code: 'GONE' })
  expect(reports.at(-1)).toMatchObject({ ended: 'its process ended (SIGKILL)' })
  await replica.close()
})
