import { encodeFrames } from '@sync/core/adapter'
import { assertEqual, assertThat, format } from '../../checkers/assertions.ts'
import type { BusTestContext } from '../../context/bus-test-context.ts'
import { assertNoLeaks } from '../../context/resource-leaks.ts'
import { validateBusCapabilities } from '../../harness/capabilities.ts'
import type { Rule } from '../rule.ts'

/** Correctness of the declared capabilities and of the harness itself. */
export const harness: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-H-01',
    level: 'MUST',
    statement: 'Every client of a bus declares the same capabilities, and they do not contradict each other.',
    hint: 'Declare what the weakest supported configuration guarantees; compare with the README of the adapter.',
    async run(context) {
      const problems = validateBusCapabilities(context.capabilities)
      assertThat(problems.length === 0, `capabilities: ${problems.join('; ')}`)
      assertEqual((await context.open()).capabilities, context.capabilities, 'capabilities of a second client')
    },
  },
  {
    id: 'BUS-H-02',
    level: 'MUST',
    statement: 'Closing one client does not affect the others.',
    hint: 'Do not share a connection between clients that were opened separately.',
    async run(context) {
      const scope = context.section()
      const [one, two] = [await context.open(), await context.open()]
      await context.subscribe(one, scope, { client: 'closed' })
      const subscriber = await context.subscribe(two, scope, { client: 'B' })
      await context.withTimeout(one.close(), 'close')
      const sent = [context.change('a'), context.change('a')]
      await context.publish(scope, sent.slice(0, 1))
      await context.publish(scope, sent.slice(1), two)
      await context.expectAllReceived(subscriber, sent, { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-H-03',
    level: 'MUST',
    statement: 'Every fault that the harness offers takes effect.',
    hint: 'The harness controls another broker than the clients use, or the fault is over before its function returns.',
    skip: ({ harness }) => (harness.faults ? undefined : 'the harness offers no faults'),
    async run(context) {
      const { faults = {} } = context.harness
      const scope = context.section()
      const bus = await context.open()
      const statuses: string[] = []
      bus.onStatus((status) => statuses.push(status))
      const subscriber = await context.subscribe(bus, scope, { client: 'B' })
      if (faults.kill && faults.restart) {
        await faults.kill()
        const call = bus.publish(scope, [context.change('a')]).then(
          () => 'resolved',
          () => 'rejected',
        )
        await context.shortPause()
        assertThat(
          (await Promise.race([call, context.shortPause().then(() => 'pending')])) !== 'resolved',
          'publish resolved although the broker was killed',
        )
        await faults.restart()
        await context.withTimeout(call, 'publish')
      }
      if (faults.drop) {
        await context.waitForDelivery(scope, [subscriber])
        await faults.drop(1)
        const [lost, kept] = [context.change('dropped'), context.change('kept')]
        await context.publish(scope, [lost, kept])
        await context.waitUntil(() => subscriber.received.some(({ key }) => key === 'kept'), 'no change was received')
        assertThat(
          !subscriber.received.some(({ key }) => key === 'dropped'),
          'a delivery arrived that the harness was asked to drop',
        )
      }
      if (faults.cut) {
        statuses.length = 0
        await faults.cut()
        await context.waitUntil(() => statuses.length > 0, 'the client reported no status after its connection was cut')
      }
    },
  },
  {
    id: 'BUS-H-04',
    level: 'MUST',
    statement: 'A closed client leaves no socket, timer or child process behind.',
    hint: 'Close every connection and clear every timer in `close`, including those of a pending reconnect.',
    async run(context) {
      const scope = context.section()
      await assertNoLeaks(context, 'a closed client', async () => {
        const bus = await context.harness.open()
        await context.subscribe(bus, scope, { client: 'B' })
        await context.withTimeout(bus.publish(scope, [context.change('a')]), 'publish')
        await context.withTimeout(bus.close(), 'close')
      })
    },
  },
  {
    id: 'BUS-H-05',
    level: 'MUST',
    statement: 'A frame of exactly `maxPayloadBytes` bytes arrives intact.',
    hint: "Subtract what the transport adds (headers, keys) from the broker's own limit.",
    async run(context) {
      const scope = context.section()
      const { maxPayloadBytes } = context.capabilities
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const bare = context.change('a', '""')
      const overhead = Buffer.byteLength(encodeFrames([bare], maxPayloadBytes)[0]?.text ?? '')
      // The next sequence may have one digit more.
      const digits = 2 * (String(bare.sequence + 1).length - String(bare.sequence).length)
      const exact = context.change('a', JSON.stringify('x'.repeat(maxPayloadBytes - overhead - digits)))
      assertEqual(
        Buffer.byteLength(encodeFrames([exact], maxPayloadBytes)[0]?.text ?? ''),
        maxPayloadBytes,
        'the size of the frame',
      )
      await context.withTimeout(context.bus.publish(scope, [exact]), 'publish of the largest frame')
      await context.waitUntil(
        () => subscriber.received.some(({ sequence, edits }) => sequence === exact.sequence && edits !== 'omitted'),
        `a frame of maxPayloadBytes = ${maxPayloadBytes} bytes did not arrive intact`,
      )
    },
  },
  {
    id: 'BUS-H-06',
    level: 'MUST',
    statement:
      'Every harness has its own namespace, and changes published in one namespace are not received in another.',
    hint: 'Generate a random or counted namespace, and use it as the whole partition of the address.',
    async run(context) {
      const { namespace } = context.harness
      assertThat(
        typeof namespace === 'string' && namespace !== '',
        `namespace: expected a non-empty string, got ${format(namespace)}`,
      )
      const own = { partition: namespace, section: 's' }
      const other = { partition: `${namespace}.`, section: 's' }
      const bus = await context.open()
      const subscriber = await context.subscribe(bus, own, { client: 'own' })
      const foreign = await context.subscribe(bus, other, { client: 'other' })
      await context.publish(other, [context.change('foreign')])
      await context.publish(own, [context.change('own')])
      await context.waitForDelivery(own, [subscriber])
      await context.waitForDelivery(other, [foreign])
      assertEqual([...new Set(subscriber.received.map(({ key }) => key))], ['own'], 'keys received in a namespace')
    },
  },
]
