import { canTest, startKafka, startNats } from '@sync/brokers'
import { openBus, openStore, registerScheme } from '@sync/config'
import { createMemoryHub, type MemoryHub, memoryBus, memoryStore } from '@sync/core'
import { assembleChange } from '@sync/core/adapter'
import { describe, expect, it, vi } from 'vitest'

const scope = { partition: 'p', section: 's' }
const change = assembleChange({
  key: 'k',
  epoch: 'e',
  origin: 'o',
  generation: 1,
  version: 1,
  sequence: 1,
  time: 0,
  edits: 'omitted',
})

/** Asserts that the bus of a URL delivers what it publishes. */
async function expectRoundTrip(url: string): Promise<void> {
  await using bus = await openBus(url)
  let received = 0
  await bus.subscribe(scope, () => void received++)
  await bus.publish(scope, [change])
  await vi.waitFor(() => expect(received).toBe(1), { interval: 1, timeout: 10_000 })
}

const nats = await canTest('several hosts of NATS', { broker: 'nats' })
const kafka = await canTest('several hosts of Kafka', { broker: 'kafka' })

describe('a URL with several hosts', () => {
  it.runIf(nats)('opens a NATS bus when only one of the hosts is available', async () => {
    await using server = await startNats()
    await expectRoundTrip(`nats://127.0.0.1:1,127.0.0.1:${server.port}`)
  })

  it.runIf(kafka)(
    'opens a Kafka bus when only one of the hosts is available',
    async () => {
      await using broker = await startKafka()
      for (const client of ['kafkajs', 'platformatic'])
        await expectRoundTrip(`kafka://127.0.0.1:1,${broker.address}?client=${client}`)
    },
    60_000,
  )

  it('reaches an adapter as text if the adapter accepts several hosts, and is rejected otherwise', async () => {
    const received: string[] = []
    const hub = createMemoryHub()
    const hubFor = (url: URL, text: string): MemoryHub => {
      received.push(url.href, text)
      return hub
    }
    registerScheme('several', async () => ({
      hosts: 'several',
      store: (url, text) => memoryStore(hubFor(url, text)),
      bus: (url, text) => memoryBus(hubFor(url, text)),
    }))
    registerScheme('single', async () => ({ store: () => memoryStore(), bus: () => memoryBus() }))
    const text = 'several://ann:secret@h1:1,h2:2,h3/path?a=b'
    const firstHostOnly = 'several://ann:secret@h1:1/path?a=b'
    await (await openStore(text)).close()
    await (await openBus(text)).close()
    await (await openBus(firstHostOnly)).close()
    expect(received).toEqual([firstHostOnly, text, firstHostOnly, text, firstHostOnly, firstHostOnly])
    for (const url of ['single://ann:secret@h1:1,h2:2', 'redis://ann:secret@h1:1,h2:2', 'several://h1:x,h2:2']) {
      const error: unknown = await openBus(url).catch((cause: unknown) => cause)
      expect(error).toMatchObject({ code: 'SYNC_CONFIG' })
      expect(String(error)).not.toContain('secret')
    }
  })
})
