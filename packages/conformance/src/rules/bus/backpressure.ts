import { assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext } from '../../context/bus-test-context.ts'
import { collectHandlerErrors } from '../../context/handler-errors.ts'
import type { Rule } from '../rule.ts'

/** Too much at once, and handlers that fail. */
export const backpressure: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-BP-01',
    level: 'SHOULD',
    statement: 'A burst to one scope holds up no other scope.',
    hint: "Hand over in turns: one subscription's backlog is not to be emptied before another one is served.",
    async run(context) {
      const [busy, quiet] = [context.section(), context.section()]
      const bus = await context.open()
      await context.subscribe(bus, busy, { client: 'busy' })
      const calm = await context.subscribe(bus, quiet, { client: 'calm' })
      const burst = Promise.all(Array.from({ length: 500 }, () => context.bus.publish(busy, [context.change('a')])))
      const sent = [context.change('b')]
      await context.publish(quiet, sent)
      await context.expectAllReceived(calm, sent, { allowDuplicates: true })
      await context.withTimeout(burst, 'publish of a burst')
    },
  },
  {
    id: 'BUS-BP-04',
    level: 'MUST',
    statement: '`close` lets what was published before it go out, and resolves.',
    hint: 'Flush the send queue, with a deadline, before the connection is closed.',
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const bus = await context.open()
      const sent = Array.from({ length: 50 }, () => context.change('a'))
      const outcomes = sent.map((change) =>
        bus.publish(scope, [change]).then(
          () => change,
          () => undefined,
        ),
      )
      await context.withTimeout(bus.close(), 'close')
      const settled = await context.withTimeout(Promise.all(outcomes), 'publications that were under way at close')
      const accepted = settled.filter((change) => change !== undefined)
      await context.expectAllReceived({ ...subscriber, received: subscriber.received }, accepted, {
        allowDuplicates: true,
      })
    },
  },
  {
    id: 'BUS-BP-05',
    level: 'SHOULD',
    statement: 'What a handler throws comes to light: as an uncaught error, or wherever the adapter hands it.',
    hint: 'Never an empty catch: hand it to `onError`, or throw it again outside of the adapter.',
    async run(context) {
      const scope = context.section()
      const thrown = collectHandlerErrors(context)
      const before = thrown().length
      const ownError = new Error('a handler of the kit throws on purpose')
      await context.subscribe(await context.open(), scope, {
        client: 'B',
        onChange: () => {
          throw ownError
        },
      })
      await context.publish(scope, [context.change('a')])
      await context.waitUntil(() => thrown().length > before, 'what a handler threw came to light nowhere')
      assertThat(thrown().slice(before).includes(ownError), 'what came to light is not what the handler threw')
    },
  },
]
