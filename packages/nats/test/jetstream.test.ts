import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { canTest, startNats, startNatsCluster } from '@sync/brokers'
import { assembleChange, decodeFrame, type EncodedChange } from '@sync/core/adapter'
import { natsBus } from '@sync/nats'
import { describe, expect, it, vi } from 'vitest'

const scope = { partition: 'p', section: 's' }
const WAIT = { interval: 5, timeout: 50_000 }

const change = (sequence: number): EncodedChange =>
  assembleChange({
    key: 'k',
    epoch: 'e',
    origin: 'o',
    generation: 1,
    version: sequence,
    sequence,
    time: 0,
    edits: 'omitted',
  })

/** Creates a frame handler that records sequences and offsets. */
function createRecorder() {
  const received: number[] = []
  const offsets: string[] = []
  const onFrame = (frame: string | Uint8Array, offset = ''): void => {
    received.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence))
    offsets.push(offset)
  }
  return { received, offsets, onFrame }
}

const sequencesUpTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1)

describe.runIf(await canTest('JetStream', { broker: 'nats', controllable: true }))('natsBus() over JetStream', () => {
  it('stores and delivers a frame once when it is published repeatedly', async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    const recorder = createRecorder()
    await bus.subscribe(scope, recorder.onFrame)
    for (const sequence of [1, 1, 2, 1, 3]) await bus.publish(scope, [change(sequence)])
    await vi.waitFor(() => expect(recorder.received).toEqual([1, 2, 3]), WAIT)
  })

  it('rejects the offset of a trimmed or recreated stream, while subscribers continue after an interruption', async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream', maxMessages: 3 })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    const live = createRecorder()
    await bus.subscribe(scope, live.onFrame)
    for (const sequence of sequencesUpTo(5)) await bus.publish(scope, [change(sequence)])
    await vi.waitFor(() => expect(live.received).toEqual(sequencesUpTo(5)), WAIT)
    const offsetLost = { code: 'SYNC_OFFSET_LOST' }
    const [first, second] = live.offsets
    await expect(bus.subscribe(scope, () => {}, { after: first ?? '' })).rejects.toMatchObject(offsetLost)
    const resumed = createRecorder()
    const subscription = await bus.subscribe(scope, resumed.onFrame, { after: second ?? '' })
    await vi.waitFor(() => expect(resumed.received).toEqual([3, 4, 5]), WAIT)
    await subscription.stop()
    const client = await connect({ servers: nats.url })
    const { streams } = await jetstreamManager(client)
    await streams.delete('sync-p')
    await client.close()
    await bus.publish(scope, [change(6)])
    await vi.waitFor(() => expect(live.received).toEqual(sequencesUpTo(6)), WAIT)
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), WAIT)
    await expect(bus.subscribe(scope, () => {}, { after: live.offsets[4] ?? '' })).rejects.toMatchObject(offsetLost)
  }, 60_000)

  it("uses separate streams for two partitions when one is named like the other's stream", async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    await bus.publish({ partition: 'a.b', section: 's' }, [change(1)])
    const client = await connect({ servers: nats.url })
    const { streams } = await jetstreamManager(client)
    const [name = ''] = await streams.names().next()
    await client.close()
    const recorder = createRecorder()
    const lookalike = { partition: name.replace('sync-', ''), section: 's' }
    await bus.subscribe(lookalike, recorder.onFrame)
    await bus.publish(lookalike, [change(1)])
    await vi.waitFor(() => expect(recorder.received).toEqual([1]), WAIT)
  })

  it('rejects calls with SYNC_NATS when the stream cannot have the requested configuration', async () => {
    await using nats = await startNats()
    const rejection = { code: 'SYNC_NATS', retryable: false }
    await using replicated = natsBus(nats.url, { transport: 'jetstream', replicas: 3 })
    await expect(replicated.subscribe(scope, () => {})).rejects.toMatchObject(rejection)
    await expect(replicated.publish(scope, [change(1)])).rejects.toMatchObject(rejection)
    const client = await connect({ servers: nats.url })
    const { streams } = await jetstreamManager(client)
    await streams.add({ name: 'other', subjects: ['sync-log.p.>'] })
    await client.close()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject(rejection)
  })

  it('emits an interruption and continues when the stream lost its end', async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    const recorder = createRecorder()
    await bus.subscribe(scope, recorder.onFrame)
    for (const sequence of sequencesUpTo(10)) await bus.publish(scope, [change(sequence)])
    await vi.waitFor(() => expect(recorder.received).toEqual(sequencesUpTo(10)), WAIT)
    await nats.stop()
    expect(await nats.truncateLog({ stream: 'sync-p', bytes: 600 })).toBe(600)
    await nats.restart()
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), WAIT)
    // fewer than were lost, so these reuse sequences of the stream that were delivered before
    for (const sequence of [11, 12]) await bus.publish(scope, [change(sequence)])
    await vi.waitFor(() => expect(recorder.received).toEqual(sequencesUpTo(12)), { ...WAIT, timeout: 10_000 })
  }, 60_000)

  it('stays interrupted while its stream is replaced by one that does not republish', async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    const recorder = createRecorder()
    await bus.subscribe(scope, recorder.onFrame)
    await bus.publish(scope, [change(1)])
    await vi.waitFor(() => expect(recorder.received).toEqual([1]), WAIT)
    const client = await connect({ servers: nats.url })
    const { streams } = await jetstreamManager(client)
    await streams.delete('sync-p')
    await streams.add({ name: 'sync-p', subjects: ['sync-log.p.>'] })
    await bus.publish(scope, [change(2)])
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted']), { ...WAIT, timeout: 10_000 })
    await streams.delete('sync-p')
    await client.close()
    await bus.publish(scope, [change(3)])
    await vi.waitFor(() => expect(recorder.received).toEqual([1, 3]), WAIT)
    await vi.waitFor(() => expect(statuses.at(-1)).toBe('resumed'), WAIT)
  }, 60_000)

  it("delivers every frame in order when the stream's leader is killed", async () => {
    await using cluster = await startNatsCluster()
    const [first] = cluster.urls
    await using setup = natsBus(first ?? '', { transport: 'jetstream' })
    await setup.publish(scope, [change(1)])
    const leader = await cluster.leaderOf('sync-p')
    const others = cluster.nodes.filter((node) => node !== leader)
    // two buses on surviving nodes, and one on the node that is killed
    await using writer = natsBus(others[0]?.url ?? '', { transport: 'jetstream' })
    await using surviving = natsBus(others[1]?.url ?? '', { transport: 'jetstream' })
    await using disconnected = natsBus(leader.url, { transport: 'jetstream' })
    const recorders: ReturnType<typeof createRecorder>[] = []
    for (const bus of [writer, surviving, disconnected]) {
      const recorder = createRecorder()
      recorders.push(recorder)
      await bus.subscribe(scope, recorder.onFrame)
    }
    const last = 60
    for (let sequence = 2; sequence <= last; sequence++) {
      if (sequence === 30) await leader.kill()
      // retries a rejected publication, as the core does
      await vi.waitFor(() => writer.publish(scope, [change(sequence)]), WAIT)
    }
    const expected = sequencesUpTo(last).slice(1)
    for (const { received } of recorders) await vi.waitFor(() => expect(received).toEqual(expected), WAIT)
  }, 120_000)
})
