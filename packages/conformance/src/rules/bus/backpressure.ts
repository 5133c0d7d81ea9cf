import { assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext } from '../../context/bus-test-context.ts'
import { collectHandlerErrors } from '../../context/handler-errors.ts'
import type { Rule } from '../rule.ts'

/** Bursts of changes, and handlers that throw. */
export const backpressure: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-BP-01',
    level: 'SHOULD',
    statement: 'A burst in one scope does not delay other scopes.',
    hint: "Alternate between subscriptions: do not drain one subscription's backlog before serving the next.",
    async run(context) {
      const [busy, quiet] = [context.section(), context.section()]
      const bus = await context.open()
      await context.subscribe(bus, busy, { client: 'busy' })
      const subscriber = await context.subscribe(bus, quiet, { client: 'quiet' })
      const burst = Promise.all(Array.from({ length: 500 }, () => context.bus.publish(busy, [context.change('a')])))
      const sent = [context.change('b')]
      await context.publish(quiet, sent)
      await context.expectAllReceived(subscriber, sent, { allowDuplicates: true })
      await context.withTimeout(burst, 'publish of a burst')
    },
  },
  {
    id: 'BUS-BP-04',
    level: 'MUST',
    statement: '`close` sends the changes that were published before it, and resolves.',
    hint: 'Flush the send queue, with a deadline, before closing the connection.',
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
      const settled = await context.withTimeout(Promise.all(outcomes), 'publications that were in flight at close')
      const accepted = settled.filter((change) => change !== undefined)
      await context.expectAllReceived({ ...subscriber, received: subscriber.received }, accepted, {
        allowDuplicates: true,
      })
    },
  },
  {
    id: 'BUS-BP-05',
    level: 'SHOULD',
    statement: "An error thrown by a handler surfaces as an uncaught error or through the adapter's error handler.",
    hint: 'Do not swallow it in an empty catch: pass it to `onError`, or rethrow it outside of the adapter.',
    async run(context) {
      const scope = context.section()
      const thrown = collectHandlerErrors(context)
      const before = thrown().length
      const ownError = new Error('thrown on purpose by a handler of the conformance kit')
      await context.subscribe(await context.open(), scope, {
        client: 'B',
        onChange: () => {
          throw ownError
        },
      })
      await context.publish(scope, [context.change('a')])
      await context.waitUntil(() => thrown().length > before, "a handler's error did not surface anywhere")
      assertThat(thrown().slice(before).includes(ownError), "the error that surfaced is not the handler's error")
    },
  },
]
