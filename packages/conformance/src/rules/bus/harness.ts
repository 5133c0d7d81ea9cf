import { encodeFrames } from '@sync/core/adapter'
import { assertEqual, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext } from '../../context/bus-test-context.ts'
import { assertNoLeaks } from '../../context/resource-leaks.ts'
import { validateBusCapabilities } from '../../harness/capabilities.ts'
import type { Rule } from '../rule.ts'

/** Whether what is tested is what it says, and the tests test it. */
export const harness: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-H-01',
    level: 'MUST',
    statement: 'Capabilities are declared, alike for every client, and do not contradict each other.',
    hint: 'Declare what the weakest configuration gives; compare with the table in the README.',
    async run(context) {
      const wrong = validateBusCapabilities(context.capabilities)
      assertThat(wrong.length === 0, `capabilities: ${wrong.join('; ')}`)
      assertEqual((await context.open()).capabilities, context.capabilities, 'capabilities of a second client')
    },
  },
  {
    id: 'BUS-H-02',
    level: 'MUST',
    statement: 'Clients are independent: closing one leaves the others at work.',
    hint: 'Share no connection between two clients that were opened by themselves.',
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
    statement: 'The faults that the harness offers really happen.',
    hint: 'The harness talks to another broker than the clients, or the fault is over before it returns.',
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
          () => 'done',
          () => 'refused',
        )
        await context.shortPause()
        assertThat(
          (await Promise.race([call, context.shortPause().then(() => 'waits')])) !== 'done',
          'publishing succeeds though the broker was killed',
        )
        await faults.restart()
        await context.withTimeout(call, 'publish')
      }
      if (faults.drop) {
        await context.waitForDelivery(scope, [subscriber])
        await faults.drop(1)
        const [lost, kept] = [context.change('dropped'), context.change('kept')]
        await context.publish(scope, [lost, kept])
        await context.waitUntil(() => subscriber.received.some(({ key }) => key === 'kept'), 'nothing is heard')
        assertThat(
          !subscriber.received.some(({ key }) => key === 'dropped'),
          'a delivery that was to be dropped was made',
        )
      }
      if (faults.cut) {
        statuses.length = 0
        await faults.cut()
        await context.waitUntil(() => statuses.length > 0, 'no connection was cut, as far as the client tells')
      }
    },
  },
  {
    id: 'BUS-H-04',
    level: 'MUST',
    statement: 'A closed client leaves no socket, timer or process behind.',
    hint: 'End every connection and clear every timer in `close`, also those of a reconnect.',
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
    statement: 'The declared payload limit is right: a frame of exactly that size arrives whole.',
    hint: "Subtract what the medium adds (headers, keys) from the broker's own limit.",
    async run(context) {
      const scope = context.section()
      const { maxPayloadBytes } = context.capabilities
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const bare = context.change('a', '""')
      const overhead = Buffer.byteLength(encodeFrames([bare], maxPayloadBytes)[0]?.text ?? '')
      // the next sequence may have a digit more
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
        `a frame of maxPayloadBytes = ${maxPayloadBytes} bytes did not arrive whole`,
      )
    },
  },
  {
    id: 'BUS-H-06',
    level: 'MUST',
    statement: 'Namespaces are new for every harness, and what is published in one is not heard in another.',
    hint: 'Use a random or counted namespace, and let it be the whole partition of the address.',
    async run(context) {
      const { namespace } = context.harness
      assertThat(typeof namespace === 'string' && namespace !== '', 'the namespace is no non-empty text')
      const own = { partition: namespace, section: 's' }
      const other = { partition: `${namespace}.`, section: 's' }
      const bus = await context.open()
      const subscriber = await context.subscribe(bus, own, { client: 'own' })
      const foreign = await context.subscribe(bus, other, { client: 'other' })
      await context.publish(other, [context.change('foreign')])
      await context.publish(own, [context.change('own')])
      await context.waitForDelivery(own, [subscriber])
      await context.waitForDelivery(other, [foreign])
      assertEqual([...new Set(subscriber.received.map(({ key }) => key))], ['own'], 'keys heard in a namespace')
    },
  },
]
