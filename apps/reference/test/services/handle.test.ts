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
  { where: 'in another process', open: openChildProcess },
])('a service $where', { timeout: 60_000 }, ({ where, open }) => {
  /** Opens a service for the duration of `work`. */
  async function using(spec: ServiceSpec, work: (handle: ServiceHandle, reports: readonly Report[]) => Promise<void>) {
    const reports: Report[] = []
    const handle = await open(spec, (report) => reports.push(report), never)
    try {
      await work(handle, reports)
    } finally {
      await handle.close()
    }
  }

  it('executes commands, and reports its status', async () => {
    await using(memory(where), async (replica, reports) => {
      expect(replica.pid === process.pid).toBe(open === openInProcess)
      expect(await replica.execute('digest')).toMatchObject({ documents: 0 })
      expect(await replica.execute('copies', { keys: ['a'] })).toEqual({})
      await vi.waitUntil(() => reports.some((report) => 'status' in report), { timeout: 20_000 })
      expect(reports.find((report) => 'status' in report)).toMatchObject({ status: { state: 'live', sequence: 0 } })
    })
  })

  it("rejects a failed command with the error's code", async () => {
    await using(memory(where), async (replica) => {
      await expect(replica.execute('setRate', { rate: 1 })).rejects.toMatchObject({
        name: 'CommandError',
        code: 'UNKNOWN_COMMAND',
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

  it('rejects pending and later commands when it has been closed', async () => {
    const replica = await open(memory(where), () => undefined, never)
    const waiting = replica.execute('waitForCatchUp', { since: Date.now() + 3_600_000 })
    const rejection = expect(waiting).rejects.toMatchObject({ code: 'SERVICE_ENDED', committed: 'unknown' })
    await replica.close()
    await rejection
    await expect(replica.execute('catchUp')).rejects.toMatchObject({ code: 'SERVICE_ENDED' })
    await replica.close()
  })

  it('rejects with the reason when it cannot be opened', async () => {
    const opening = open({ ...memory(where), store: 'pigeon:' }, () => undefined, never)
    await expect(opening).rejects.toMatchObject({ code: 'SYNC_CONFIG' })
    const later = open(memory(where), () => undefined, AbortSignal.abort(new Error('cancelled')))
    await expect(later).rejects.toThrow(/aborted|cancelled/)
  })

  it('stops writing between pauseWrites and resumeWrites', async () => {
    const spec: ServiceSpec = { ...memory(where), kind: 'ingest', feed: { file: bundledFeed, rate: 0 } }
    await using(spec, async (ingest, reports) => {
      const sequence = () => reports.findLast((report) => 'status' in report)?.status.sequence ?? 0
      await ingest.execute('setRate', { rate: 'max' })
      await vi.waitUntil(() => sequence() > 100, { timeout: 20_000 })
      await ingest.execute('pauseWrites')
      const reportsBefore = reports.length
      await vi.waitUntil(() => reports.length > reportsBefore + 1, { timeout: 20_000 })
      const paused = sequence()
      const reportsPaused = reports.length
      await vi.waitUntil(() => reports.length > reportsPaused + 1, { timeout: 20_000 })
      expect(sequence()).toBe(paused)
      await ingest.execute('resumeWrites')
      await vi.waitUntil(() => sequence() > paused, { timeout: 20_000 })
    })
  })
})

describe('openChildProcess()', () => {
  it('reports that the process was killed, and rejects pending commands', async () => {
    const reports: Report[] = []
    const replica = await openChildProcess(memory('killed'), (report) => reports.push(report), never)
    const waiting = replica.execute('waitForCatchUp', { since: Date.now() + 3_600_000 })
    process.kill(replica.pid, 'SIGKILL')
    await expect(waiting).rejects.toMatchObject({ code: 'SERVICE_ENDED' })
    expect(reports.at(-1)).toMatchObject({ ended: 'process ended unexpectedly (SIGKILL)' })
    await replica.close()
  })
})
