import { assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext } from '../../context/bus-test-context.ts'
import { runProgram } from '../../context/run-program.ts'
import type { Rule } from '../rule.ts'

/** Opening and closing of clients. */
export const lifecycle: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-LIF-01',
    level: 'MUST',
    statement: '`close` can be called twice, even concurrently, and the last status is a single `closed`.',
    hint: 'Keep the promise of the first `close`, and return it again.',
    async run(context) {
      const bus = await context.open()
      const statuses: string[] = []
      bus.onStatus((status) => statuses.push(status))
      await context.withTimeout(Promise.all([bus.close(), bus.close()]), 'two concurrent calls of close')
      await context.withTimeout(bus.close(), 'another call of close')
      const closed = statuses.filter((status) => status === 'closed').length
      assertThat(
        closed === 1 && statuses.at(-1) === 'closed',
        `the statuses of a client closed twice: expected a single closed at the end, got ${statuses.join(', ')}`,
      )
    },
  },
  {
    id: 'BUS-LIF-02',
    level: 'MUST',
    statement: 'After `close`, every call rejects with SYNC_CLOSED and no frame is delivered.',
    hint: 'Check for a closed client first in every call.',
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
      assertThat(subscriber.received.length === received, 'a closed client still delivers changes')
      await context.withTimeout(subscriber.subscription.stop(), 'stop after close')
    },
  },
  {
    id: 'BUS-LIF-03',
    level: 'MUST',
    statement: '`close` settles every call in flight.',
    hint: 'Reject calls that can no longer be sent, and leave no promise pending.',
    async run(context) {
      const bus = await context.open()
      const calls: Promise<unknown>[] = []
      for (let n = 0; n < 10; n++) {
        calls.push(bus.publish(context.section(), [context.change('a')]))
        calls.push(bus.subscribe(context.section(), () => {}))
      }
      const settled = Promise.allSettled(calls)
      await context.withTimeout(bus.close(), 'close with calls in flight')
      await context.withTimeout(settled, 'calls that were in flight at close')
    },
  },
  {
    id: 'BUS-LIF-04',
    level: 'MUST',
    statement: 'A new client works after another one was closed.',
    hint: 'A closed client must not leave state to the next one.',
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
    statement: 'Connecting to an unreachable address fails within a deadline, and the error names the address.',
    hint: 'Set a connect timeout, and throw an error that names host and port but no password.',
    skip: ({ harness }) => (harness.unreachable ? undefined : 'the harness has no unreachable address'),
    async run(context) {
      const { unreachable } = context.harness
      if (!unreachable) return
      const opening = (async () => {
        const bus = context.closeOnCleanup(await unreachable.open())
        await bus.subscribe(context.section(), () => {})
      })()
      const error = await assertRejects(
        context.withTimeout(opening, 'connecting to an unreachable address', context.stateTimeout * 4),
        'connecting to an unreachable address',
      )
      assertThat(
        error.message.includes(unreachable.address),
        `expected an error that names ${unreachable.address}, got: ${error.message}`,
      )
    },
  },
  {
    id: 'BUS-LIF-06',
    level: 'SHOULD',
    statement: '`await using` closes a client and ends a subscription.',
    hint: 'Make `Symbol.asyncDispose` call `close` or `stop`.',
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
      assertThat(subscriber.received.length === received, 'a disposed subscription still receives changes')
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
    statement: 'A program that has closed its clients exits.',
    hint: 'A socket, a timer without `unref` or a worker keeps the process alive.',
    skip: ({ harness }) => (harness.program ? undefined : 'the harness has no program to run'),
    time: 'machine',
    run: ({ harness }) => runProgram(harness.program ?? []),
  },
  {
    id: 'BUS-LIF-08',
    level: 'MUST',
    statement: '`close` leaves an injected connection open.',
    hint: 'Close only what the adapter itself has opened.',
    skip: ({ harness }) => (harness.injected ? undefined : 'the harness injects no connection'),
    async run(context) {
      const injected = await context.harness.injected?.()
      if (!injected) return
      context.onCleanup(() => injected.end())
      await context.withTimeout(injected.client.publish(context.section(), [context.change('a')]), 'publish')
      await context.withTimeout(injected.client.close(), 'close')
      assertThat(await injected.isOpen(), 'close closed the injected connection')
    },
  },
]
