import { demand, demandRefusal } from '../../judge/violation.ts'
import type { BusStage } from '../../stage/bus-stage.ts'
import { runProgram } from '../../stage/program.ts'
import type { Rule } from '../rule.ts'

/** From opening to closing. */
export const lifecycle: readonly Rule<BusStage>[] = [
  {
    id: 'BUS-LIF-01',
    level: 'MUST',
    sentence: '`close` may be called twice, also at once; the status ends with one `closed`.',
    hint: 'Keep the promise of the first close and hand it out again.',
    async run(stage) {
      const bus = await stage.open()
      const told: string[] = []
      bus.onStatus((status) => told.push(status))
      await stage.settled(Promise.all([bus.close(), bus.close()]), 'close, twice at once')
      await stage.settled(bus.close(), 'close, once more')
      const closed = told.filter((status) => status === 'closed').length
      demand(closed === 1 && told.at(-1) === 'closed', `the statuses of a client closed twice: ${told.join(', ')}`)
    },
  },
  {
    id: 'BUS-LIF-02',
    level: 'MUST',
    sentence: 'After `close` every call is refused with SYNC_CLOSED, and nothing is handed over.',
    hint: 'Check for it first in every call.',
    async run(stage) {
      const scope = stage.section()
      const bus = await stage.open()
      const listener = await stage.listen(bus, scope, { client: 'closed' })
      const watching = await stage.listen(await stage.open(), scope, { client: 'watching' })
      await stage.settled(bus.close(), 'close')
      await demandRefusal(
        stage.settled(bus.publish(scope, [stage.change('a')]), 'publish'),
        'publish after close',
        'SYNC_CLOSED',
      )
      await demandRefusal(
        stage.settled(
          bus.subscribe(scope, () => {}),
          'subscribe',
        ),
        'subscribe after close',
        'SYNC_CLOSED',
      )
      const heard = listener.heard.length
      const sent = [stage.change('a')]
      await stage.publish(scope, sent)
      await stage.expectAll(watching, sent, { repeats: true })
      demand(listener.heard.length === heard, 'a closed client still hands changes over')
      await stage.settled(listener.subscription.stop(), 'stop after close')
    },
  },
  {
    id: 'BUS-LIF-03',
    level: 'MUST',
    sentence: '`close` with calls under way: each of them settles.',
    hint: 'Reject what cannot be sent any more; leave no promise behind.',
    async run(stage) {
      const bus = await stage.open()
      const calls: Promise<unknown>[] = []
      for (let n = 0; n < 10; n++) {
        calls.push(bus.publish(stage.section(), [stage.change('a')]))
        calls.push(bus.subscribe(stage.section(), () => {}))
      }
      const settled = Promise.allSettled(calls)
      await stage.settled(bus.close(), 'close with calls under way')
      await stage.settled(settled, 'calls that were under way at close')
    },
  },
  {
    id: 'BUS-LIF-04',
    level: 'MUST',
    sentence: 'After one client was closed, another can be opened and works.',
    hint: 'Nothing of a closed client may be kept for the next one.',
    async run(stage) {
      for (let round = 0; round < 3; round++) {
        const scope = stage.section()
        const bus = await stage.open()
        const listener = await stage.listen(bus, scope, { client: `number ${round + 1}` })
        const sent = [stage.change('a')]
        await stage.publish(scope, sent, bus)
        if (stage.capabilities.echo) await stage.expectAll(listener, sent, { repeats: true })
        await stage.settled(bus.close(), 'close')
      }
    },
  },
  {
    id: 'BUS-LIF-05',
    level: 'SHOULD',
    sentence: 'Connecting to nothing fails within a bound, with the address in the message.',
    hint: 'A connect time-out, and an error that names host and port but no password.',
    skip: ({ harness }) => (harness.nowhere ? undefined : 'the harness has no address where nobody listens'),
    async run(stage) {
      const { nowhere } = stage.harness
      if (!nowhere) return
      const opening = (async () => {
        const bus = stage.keep(await nowhere.open())
        await bus.subscribe(stage.section(), () => {})
      })()
      const error = await demandRefusal(
        stage.settled(opening, 'connecting to nothing', stage.patience * 4),
        'connecting to nothing',
      )
      demand(error.message.includes(nowhere.address), `the error does not name ${nowhere.address}: ${error.message}`)
    },
  },
  {
    id: 'BUS-LIF-06',
    level: 'SHOULD',
    sentence: '`await using` closes a client and ends a subscription.',
    hint: 'Let Symbol.asyncDispose do what `close` and `stop` do.',
    async run(stage) {
      const scope = stage.section()
      const watching = await stage.listen(await stage.open(), scope, { client: 'watching' })
      const bus = await stage.open()
      const listener = await stage.listen(bus, scope, { client: 'disposed' })
      demand(
        typeof listener.subscription[Symbol.asyncDispose] === 'function',
        'a subscription has no Symbol.asyncDispose',
      )
      await stage.settled(Promise.resolve(listener.subscription[Symbol.asyncDispose]()), 'dispose of a subscription')
      const heard = listener.heard.length
      const sent = [stage.change('a')]
      await stage.publish(scope, sent)
      await stage.expectAll(watching, sent, { repeats: true })
      demand(listener.heard.length === heard, 'a disposed subscription still hears')
      demand(typeof bus[Symbol.asyncDispose] === 'function', 'a client has no Symbol.asyncDispose')
      await stage.settled(Promise.resolve(bus[Symbol.asyncDispose]()), 'dispose of a client')
      await demandRefusal(
        stage.settled(bus.publish(scope, [stage.change('a')]), 'publish'),
        'publish after dispose',
        'SYNC_CLOSED',
      )
    },
  },
  {
    id: 'BUS-LIF-07',
    level: 'MUST',
    sentence: 'A program that has closed its clients ends by itself.',
    hint: 'Something holds the process: a socket, a timer without `unref`, a worker.',
    skip: ({ harness }) => (harness.program ? undefined : 'the harness has no program to run'),
    time: 'machine',
    run: ({ harness }) => runProgram(harness.program ?? []),
  },
  {
    id: 'BUS-LIF-08',
    level: 'MUST',
    sentence: 'A connection that was given from outside is left open by `close`.',
    hint: 'Close only what the adapter has opened itself.',
    skip: ({ harness }) => (harness.injected ? undefined : 'the harness gives no connection from outside'),
    async run(stage) {
      const given = await stage.harness.injected?.()
      if (!given) return
      stage.after(() => given.end())
      await stage.settled(given.client.publish(stage.section(), [stage.change('a')]), 'publish')
      await stage.settled(given.client.close(), 'close')
      demand(await given.isOpen(), 'the connection that was given from outside was closed')
    },
  },
]
