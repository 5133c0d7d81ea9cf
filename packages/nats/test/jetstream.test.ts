import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { canTest, startNats, startNatsCluster } from '@sync/brokers'
import { assembleChange, decodeFrame, type EncodedChange } from '@sync/core/adapter'
import { natsBus } from '@sync/nats'
import { describe, expect, test, vi } from 'vitest'

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

/** Notes the sequences that it hears, and the last offset. */
function notebook() {
  const received: number[] = []
  const offsets: string[] = []
  const onFrame = (frame: string | Uint8Array, offset = ''): void => {
    received.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence))
    offsets.push(offset)
  }
  return { received, offsets, onFrame }
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1)

describe.runIf(await canTest('JetStream', { broker: 'nats', controllable: true }))('a JetStream bus', () => {
  test('stores what is sent again once', async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    const notes = notebook()
    await bus.subscribe(scope, notes.onFrame)
    for (const sequence of [1, 1, 2, 1, 3]) await bus.publish(scope, [change(sequence)])
    await vi.waitFor(() => expect(notes.received).toEqual([1, 2, 3]), WAIT)
  })

  test('refuses the offset of a stream that was trimmed, or made anew; who listens goes on and is told', async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream', maxMessages: 3 })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    const notes = notebook()
    await bus.subscribe(scope, notes.onFrame)
    for (const sequence of upTo(5)) await bus.publish(scope, [change(sequence)])
    await vi.waitFor(() => expect(notes.received).toEqual(upTo(5)), WAIT)
    const lost = { code: 'SYNC_OFFSET_LOST' }
    const [first, second] = notes.offsets
    await expect(bus.subscribe(scope, () => {}, { after: first ?? '' })).rejects.toMatchObject(lost)
    const again = notebook()
    const reading = await bus.subscribe(scope, again.onFrame, { after: second ?? '' })
    await vi.waitFor(() => expect(again.received).toEqual([3, 4, 5]), WAIT)
    await reading.stop()
    const client = await connect({ servers: nats.url })
    const { streams } = await jetstreamManager(client)
    await streams.delete('sync-p')
    await client.close()
    await bus.publish(scope, [change(6)])
    await vi.waitFor(() => expect(notes.received).toEqual(upTo(6)), WAIT)
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), WAIT)
    await expect(bus.subscribe(scope, () => {}, { after: notes.offsets[4] ?? '' })).rejects.toMatchObject(lost)
  }, 60_000)

  test('has a stream for a partition that is named like the stream of another one', async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    await bus.publish({ partition: 'a.b', section: 's' }, [change(1)])
    const client = await connect({ servers: nats.url })
    const { streams } = await jetstreamManager(client)
    const [name = ''] = await streams.names().next()
    await client.close()
    const notes = notebook()
    const alike = { partition: name.replace('sync-', ''), section: 's' }
    await bus.subscribe(alike, notes.onFrame)
    await bus.publish(alike, [change(1)])
    await vi.waitFor(() => expect(notes.received).toEqual([1]), WAIT)
  })

  test('is refused with a code where its streams cannot be made as they are wanted', async () => {
    await using nats = await startNats()
    const refused = { code: 'SYNC_NATS', retryable: false }
    await using many = natsBus(nats.url, { transport: 'jetstream', replicas: 3 })
    await expect(many.subscribe(scope, () => {})).rejects.toMatchObject(refused)
    await expect(many.publish(scope, [change(1)])).rejects.toMatchObject(refused)
    const client = await connect({ servers: nats.url })
    const { streams } = await jetstreamManager(client)
    await streams.add({ name: 'other', subjects: ['sync-log.p.>'] })
    await client.close()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject(refused)
  })

  test('goes on with a stream that lost its end, and says so', async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    const notes = notebook()
    await bus.subscribe(scope, notes.onFrame)
    for (const sequence of upTo(10)) await bus.publish(scope, [change(sequence)])
    await vi.waitFor(() => expect(notes.received).toEqual(upTo(10)), WAIT)
    await nats.stop()
    expect(await nats.truncateLog({ stream: 'sync-p', bytes: 600 })).toBe(600)
    await nats.restart()
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), WAIT)
    // fewer than were lost
    for (const sequence of [11, 12]) await bus.publish(scope, [change(sequence)])
    await vi.waitFor(() => expect(notes.received).toEqual(upTo(12)), { ...WAIT, timeout: 10_000 })
  }, 60_000)

  test('says that it hears nothing when its stream is replaced by one that sends nothing on', async () => {
    await using nats = await startNats()
    await using bus = natsBus(nats.url, { transport: 'jetstream' })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    const notes = notebook()
    await bus.subscribe(scope, notes.onFrame)
    await bus.publish(scope, [change(1)])
    await vi.waitFor(() => expect(notes.received).toEqual([1]), WAIT)
    const client = await connect({ servers: nats.url })
    const { streams } = await jetstreamManager(client)
    await streams.delete('sync-p')
    await streams.add({ name: 'sync-p', subjects: ['sync-log.p.>'] })
    await bus.publish(scope, [change(2)])
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted']), { ...WAIT, timeout: 10_000 })
    await streams.delete('sync-p')
    await client.close()
    await bus.publish(scope, [change(3)])
    await vi.waitFor(() => expect(notes.received).toEqual([1, 3]), WAIT)
    await vi.waitFor(() => expect(statuses.at(-1)).toBe('resumed'), WAIT)
  }, 60_000)

  test('goes on within seconds, without a hole, when the node that leads the stream is killed', async () => {
    await using cluster = await startNatsCluster()
    const [first] = cluster.urls
    await using setup = natsBus(first ?? '', { transport: 'jetstream' })
    await setup.publish(scope, [change(1)])
    const leader = await cluster.leaderOf('sync-p')
    const others = cluster.nodes.filter((node) => node !== leader)
    // one listens and publishes elsewhere, another one hangs on the node that goes
    await using writer = natsBus(others[0]?.url ?? '', { transport: 'jetstream' })
    await using near = natsBus(others[1]?.url ?? '', { transport: 'jetstream' })
    await using hit = natsBus(leader.url, { transport: 'jetstream' })
    const notes = [notebook(), notebook(), notebook()]
    for (const [at, bus] of [writer, near, hit].entries()) await bus.subscribe(scope, notes[at]?.onFrame ?? (() => {}))
    const last = 60
    for (let sequence = 2; sequence <= last; sequence++) {
      if (sequence === 30) await leader.kill()
      // as the core does: what was refused is sent again
      await vi.waitFor(() => writer.publish(scope, [change(sequence)]), WAIT)
    }
    const wanted = upTo(last).slice(1)
    for (const { received } of notes) await vi.waitFor(() => expect(received).toEqual(wanted), WAIT)
  }, 120_000)
})
