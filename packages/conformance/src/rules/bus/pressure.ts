import { demand } from '../../judge/violation.ts'
import type { BusStage } from '../../stage/bus-stage.ts'
import { watchThrown } from '../../stage/thrown.ts'
import type { Rule } from '../rule.ts'

/** Too much at once, and handlers that fail. */
export const pressure: readonly Rule<BusStage>[] = [
  {
    id: 'BUS-BP-01',
    level: 'SHOULD',
    sentence: 'A burst to one scope holds up no other scope.',
    hint: "Hand over in turns: one subscription's backlog is not to be emptied before another one is served.",
    async run(stage) {
      const [busy, quiet] = [stage.section(), stage.section()]
      const bus = await stage.open()
      await stage.listen(bus, busy, { client: 'busy' })
      const calm = await stage.listen(bus, quiet, { client: 'calm' })
      const burst = Promise.all(Array.from({ length: 500 }, () => stage.bus.publish(busy, [stage.change('a')])))
      const sent = [stage.change('b')]
      await stage.publish(quiet, sent)
      await stage.expectAll(calm, sent, { repeats: true })
      await stage.settled(burst, 'publish of a burst')
    },
  },
  {
    id: 'BUS-BP-04',
    level: 'MUST',
    sentence: '`close` lets what was published before it go out, and resolves.',
    hint: 'Flush the send queue, with a deadline, before the connection is closed.',
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const bus = await stage.open()
      const sent = Array.from({ length: 50 }, () => stage.change('a'))
      const outcomes = sent.map((change) =>
        bus.publish(scope, [change]).then(
          () => change,
          () => undefined,
        ),
      )
      await stage.settled(bus.close(), 'close')
      const settled = await stage.settled(Promise.all(outcomes), 'publications that were under way at close')
      const accepted = settled.filter((change) => change !== undefined)
      await stage.expectAll({ ...listener, heard: listener.heard }, accepted, { repeats: true })
    },
  },
  {
    id: 'BUS-BP-05',
    level: 'SHOULD',
    sentence: 'What a handler throws comes to light: as an uncaught error, or wherever the adapter hands it.',
    hint: 'Never an empty catch: hand it to `onError`, or throw it again outside of the adapter.',
    async run(stage) {
      const scope = stage.section()
      const thrown = watchThrown(stage)
      const before = thrown().length
      const mine = new Error('a handler of the kit throws on purpose')
      await stage.listen(await stage.open(), scope, {
        client: 'B',
        onChange: () => {
          throw mine
        },
      })
      await stage.publish(scope, [stage.change('a')])
      await stage.until(() => thrown().length > before, 'what a handler threw came to light nowhere')
      demand(thrown().slice(before).includes(mine), 'what came to light is not what the handler threw')
    },
  },
]
