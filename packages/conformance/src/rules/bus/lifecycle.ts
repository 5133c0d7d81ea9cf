import { assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext } from '../../context/bus-test-context.ts'
import { runProgram } from '../../context/run-program.ts'
import type { Rule } from '../rule.ts'

/** From opening to closing. */
export const lifecycle: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-LIF-01',
    level: 'MUST',
    statement: '`close` may be called twice, also at once; the status ends with one `closed`.',
    hint: 'Keep the promise of the first close and hand it out again.',
    async run(context) {
      const bus = await context.open()
      const statuses: string[] = []
      bus.onStatus((status) => statuses.push(status))
      await context.withTimeout(Promise.all([bus.close(), bus.close()]), 'close, twice at once')
      await context.withTimeout(bus.close(), 'close, once more')
      const closed = statuses.filter((status) => status === 'closed').length
      assertThat(
        closed === 1 && statuses.at(-1) === 'closed',
        `the statuses of a client closed twice: ${statuses.join(', ')}`,
      )
    },
  },
  {
    id: 'BUS-LIF-02',
    level: 'MUST',
    statement: 'After `close` every call is refused with SYNC_CLOSED, and nothing is handed over.',
    hint: 'Check for it first in every call.',
    async run(context) {
      const scope = context.section()
      const bus = await context.open()
      const subscriber = await context.subscribe(bus, scope, { client: 'closed' })
      const watching = await context.subscribe(await context.open(), scope, { client: 'watching' })
      await context.withTimeout(bus.close(), 'close')
      await assertRejects(
        context.withTimeout(bus.publish(scope, [context.change('a')]), 'publish'),
        'publish after close',
        'SYNC_CLOSED',
      )
      await assertRejects(
        context.withTimeout(
          bus.subscribe(scope, () => {}),
          'subscribe',
        ),
        'subscribe after close',
        'SYNC_CLOSED',
      )
      const received = subscriber.received.length
      const sent = [context.change('a')]
      await context.publish(scope, sent)
      await context.expectAllReceived(watching, sent, { allowDuplicates: true })
      assertThat(subscriber.received.length === received, 'a closed client still hands changes over')
      await context.withTimeout(subscriber.subscription.stop(), 'stop after close')
    },
  },
  {
    id: 'BUS-LIF-03',
    level: 'MUST',
    statement: '`close` with calls under way: each of them settles.',
    hint: 'Reject what cannot be sent any more; leave no promise behind.',
    async run(context) {
      const bus = await context.open()
      const calls: Promise<unknown>[] = []
      for (let n = 0; n < 10; n++) {
        calls.push(bus.publish(context.section(), [context.change('a')]))
        calls.push(bus.subscribe(context.section(), () => {}))
      }
      const settled = Promise.allSettled(calls)
      await context.withTimeout(bus.close(), 'close with calls under way')
      await context.withTimeout(settled, 'calls that were under way at close')
    },
  },
  {
    id: 'BUS-LIF-04',
    level: 'MUST',
    statement: 'After one client was closed, another can be opened and works.',
    hint: 'Nothing of a closed client may be kept for the next one.',
    async run(context) {
      for (let round = 0; round < 3; round++) {
        const scope = context.section()
        const bus = await context.open()
        const subscriber = await context.subscribe(bus, scope, { client: `number ${round + 1}` })
        const sent = [context.change('a')]
        await context.publish(scope, sent, bus)
        if (context.capabilities.echo) await context.expectAllReceived(subscriber, sent, { allowDuplicates: true })
        await context.withTimeout(bus.close(), 'close')
      }
    },
  },
  {
    id: 'BUS-LIF-05',
    level: 'SHOULD',
    statement: 'Connecting to nothing fails within a bound, with the address in the message.',
    hint: 'A connect time-out, and an error that names host and port but no password.',
    skip: ({ harness }) => (harness.unreachable ? undefined : 'the harness has no address where nobody listens'),
    async run(context) {
      const { unreachable } = context.harness
      if (!unreachable) return
      const opening = (async () => {
        const bus = context.closeOnCleanup(await unreachable.open())
        await bus.subscribe(context.section(), () => {})
      })()
      const error = await assertRejects(
        context.withTimeout(opening, 'connecting to nothing', context.stateTimeout * 4),
        'connecting to nothing',
      )
      assertThat(
        error.message.includes(unreachable.address),
        `the error does not name ${unreachable.address}: ${error.message}`,
      )
    },
  },
  {
    id: 'BUS-LIF-06',
    level: 'SHOULD',
    statement: '`await using` closes a client and ends a subscription.',
    hint: 'Let Symbol.asyncDispose do what `close` and `stop` do.',
    async run(context) {
      const scope = context.section()
      const watching = await context.subscribe(await context.open(), scope, { client: 'watching' })
      const bus = await context.open()
      const subscriber = await context.subscribe(bus, scope, { client: 'disposed' })
      assertThat(
        typeof subscriber.subscription[Symbol.asyncDispose] === 'function',
        'a subscription has no Symbol.asyncDispose',
      )
      await context.withTimeout(
        Promise.resolve(subscriber.subscription[Symbol.asyncDispose]()),
        'dispose of a subscription',
      )
      const received = subscriber.received.length
      const sent = [context.change('a')]
      await context.publish(scope, sent)
      await context.expectAllReceived(watching, sent, { allowDuplicates: true })
      assertThat(subscriber.received.length === received, 'a disposed subscription still hears')
      assertThat(typeof bus[Symbol.asyncDispose] === 'function', 'a client has no Symbol.asyncDispose')
      await context.withTimeout(Promise.resolve(bus[Symbol.asyncDispose]()), 'dispose of a client')
      await assertRejects(
        context.withTimeout(bus.publish(scope, [context.change('a')]), 'publish'),
        'publish after dispose',
        'SYNC_CLOSED',
      )
    },
  },
  {
    id: 'BUS-LIF-07',
    level: 'MUST',
    statement: 'A program that has closed its clients ends by itself.',
    hint: 'Something holds the process: a socket, a timer without `unref`, a worker.',
    skip: ({ harness }) => (harness.program ? undefined : 'the harness has no program to run'),
    time: 'machine',
    run: ({ harness }) => runProgram(harness.program ?? []),
  },
  {
    id: 'BUS-LIF-08',
    level: 'MUST',
    statement: 'A connection that was given from outside is left open by `close`.',
    hint: 'Close only what the adapter has opened itself.',
    skip: ({ harness }) => (harness.injected ? undefined : 'the harness gives no connection from outside'),
    async run(context) {
      const given = await context.harness.injected?.()
      if (!given) return
      context.onCleanup(() => given.end())
      await context.withTimeout(given.client.publish(context.section(), [context.change('a')]), 'publish')
      await context.withTimeout(given.client.close(), 'close')
      assertThat(await given.isOpen(), 'the connection that was given from outside was closed')
    },
  },
]
