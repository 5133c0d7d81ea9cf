import { frames } from '@sync/core/adapter'
import { busContradictions } from '../../harness/capabilities.ts'
import { demand, demandEqual } from '../../judge/violation.ts'
import type { BusStage } from '../../stage/bus-stage.ts'
import { demandNothingHeld } from '../../stage/resources.ts'
import type { Rule } from '../rule.ts'

/** Whether what is tested is what it says, and the tests test it. */
export const harness: readonly Rule<BusStage>[] = [
  {
    id: 'BUS-H-01',
    level: 'MUST',
    sentence: 'Capabilities are declared, alike for every client, and do not contradict each other.',
    hint: 'Declare what the weakest configuration gives; compare with the table in the README.',
    async run(stage) {
      const wrong = busContradictions(stage.capabilities)
      demand(wrong.length === 0, `capabilities: ${wrong.join('; ')}`)
      demandEqual((await stage.open()).capabilities, stage.capabilities, 'capabilities of a second client')
    },
  },
  {
    id: 'BUS-H-02',
    level: 'MUST',
    sentence: 'Clients are independent: closing one leaves the others at work.',
    hint: 'Share no connection between two clients that were opened by themselves.',
    async run(stage) {
      const scope = stage.section()
      const [one, two] = [await stage.open(), await stage.open()]
      await stage.listen(one, scope, { client: 'closed' })
      const listener = await stage.listen(two, scope, { client: 'B' })
      await stage.settled(one.close(), 'close')
      const sent = [stage.change('a'), stage.change('a')]
      await stage.publish(scope, sent.slice(0, 1))
      await stage.publish(scope, sent.slice(1), two)
      await stage.expectAll(listener, sent, { repeats: true })
    },
  },
  {
    id: 'BUS-H-03',
    level: 'MUST',
    sentence: 'The faults that the harness offers really happen.',
    hint: 'The harness talks to another broker than the clients, or the fault is over before it returns.',
    skip: ({ harness }) => (harness.faults ? undefined : 'the harness offers no faults'),
    async run(stage) {
      const { faults = {} } = stage.harness
      const scope = stage.section()
      const bus = await stage.open()
      const told: string[] = []
      bus.onStatus((status) => told.push(status))
      const listener = await stage.listen(bus, scope, { client: 'B' })
      if (faults.kill && faults.restart) {
        await faults.kill()
        const call = bus.publish(scope, [stage.change('a')]).then(
          () => 'done',
          () => 'refused',
        )
        await stage.moment()
        demand(
          (await Promise.race([call, stage.moment().then(() => 'waits')])) !== 'done',
          'publishing succeeds though the broker was killed',
        )
        await faults.restart()
        await stage.settled(call, 'publish')
      }
      if (faults.drop) {
        await stage.drained(scope, [listener])
        await faults.drop(1)
        const [lost, kept] = [stage.change('dropped'), stage.change('kept')]
        await stage.publish(scope, [lost, kept])
        await stage.until(() => listener.heard.some(({ key }) => key === 'kept'), 'nothing is heard')
        demand(!listener.heard.some(({ key }) => key === 'dropped'), 'a delivery that was to be dropped was made')
      }
      if (faults.cut) {
        told.length = 0
        await faults.cut()
        await stage.until(() => told.length > 0, 'no connection was cut, as far as the client tells')
      }
    },
  },
  {
    id: 'BUS-H-04',
    level: 'MUST',
    sentence: 'A closed client leaves no socket, timer or process behind.',
    hint: 'End every connection and clear every timer in `close`, also those of a reconnect.',
    async run(stage) {
      const scope = stage.section()
      await demandNothingHeld(stage, 'a closed client', async () => {
        const bus = await stage.harness.open()
        await stage.listen(bus, scope, { client: 'B' })
        await stage.settled(bus.publish(scope, [stage.change('a')]), 'publish')
        await stage.settled(bus.close(), 'close')
      })
    },
  },
  {
    id: 'BUS-H-05',
    level: 'MUST',
    sentence: 'The declared payload limit is right: a frame of exactly that size arrives whole.',
    hint: "Subtract what the medium adds (headers, keys) from the broker's own limit.",
    async run(stage) {
      const scope = stage.section()
      const { maxPayloadBytes } = stage.capabilities
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const bare = stage.change('a', '""')
      const overhead = Buffer.byteLength(frames([bare], maxPayloadBytes)[0]?.text ?? '')
      // the next sequence may have a digit more
      const digits = 2 * (String(bare.sequence + 1).length - String(bare.sequence).length)
      const exact = stage.change('a', JSON.stringify('x'.repeat(maxPayloadBytes - overhead - digits)))
      demandEqual(
        Buffer.byteLength(frames([exact], maxPayloadBytes)[0]?.text ?? ''),
        maxPayloadBytes,
        'the size of the frame',
      )
      await stage.settled(stage.bus.publish(scope, [exact]), 'publish of the largest frame')
      await stage.until(
        () => listener.heard.some(({ sequence, edits }) => sequence === exact.sequence && edits !== 'omitted'),
        `a frame of maxPayloadBytes = ${maxPayloadBytes} bytes did not arrive whole`,
      )
    },
  },
  {
    id: 'BUS-H-06',
    level: 'MUST',
    sentence: 'Namespaces are new for every harness, and what is published in one is not heard in another.',
    hint: 'Use a random or counted namespace, and let it be the whole partition of the address.',
    async run(stage) {
      const { namespace } = stage.harness
      demand(typeof namespace === 'string' && namespace !== '', 'the namespace is no non-empty text')
      const own = { partition: namespace, section: 's' }
      const other = { partition: `${namespace}.`, section: 's' }
      const bus = await stage.open()
      const listener = await stage.listen(bus, own, { client: 'own' })
      const foreign = await stage.listen(bus, other, { client: 'other' })
      await stage.publish(other, [stage.change('foreign')])
      await stage.publish(own, [stage.change('own')])
      await stage.drained(own, [listener])
      await stage.drained(other, [foreign])
      demandEqual([...new Set(listener.heard.map(({ key }) => key))], ['own'], 'keys heard in a namespace')
    },
  },
]
