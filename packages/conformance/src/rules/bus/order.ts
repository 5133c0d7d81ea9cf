import { demand } from '../../judge/violation.ts'
import type { BusStage, Listener } from '../../stage/bus-stage.ts'
import { watchThrown } from '../../stage/thrown.ts'
import type { Rule } from '../rule.ts'

const KEYS = ['a', 'b', 'c'] as const
const unordered = (stage: BusStage): string | undefined =>
  stage.capabilities.ordering === 'none' ? "ordering 'none' promises no order" : undefined

/** In which order changes arrive. */
export const order: readonly Rule<BusStage>[] = [
  {
    id: 'BUS-ORD-01',
    level: 'MUST',
    sentence: 'Changes of one publisher, each awaited, arrive in the order of their publication.',
    hint: 'Send on one connection and hand frames over in the order in which they are read.',
    skip: unordered,
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 60 }, () => stage.change(KEYS[stage.int(3)] ?? 'a'))
      await stage.publish(scope, sent)
      await stage.expectAll(listener, sent)
    },
  },
  {
    id: 'BUS-ORD-02',
    level: 'MUST',
    sentence: 'Changes of one publisher that does not wait arrive in the order of the calls.',
    hint: 'Queue what is published while a send is under way: nothing may be sent beside it, or retried after it.',
    skip: unordered,
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 120 }, () => stage.change(KEYS[stage.int(3)] ?? 'a'))
      await stage.settled(Promise.all(sent.map((change) => stage.bus.publish(scope, [change]))), 'publish')
      await stage.expectAll(listener, sent)
    },
  },
  {
    id: 'BUS-ORD-03',
    level: 'MUST',
    sentence:
      'Changes of several publishers arrive in one and the same order per key everywhere, where `ordering` says so.',
    hint: "If publishers are not brought into one line per key at the server, declare ordering 'per-publisher'.",
    skip: unordered,
    async run(stage) {
      const scope = stage.section()
      const publishers = [stage.bus, await stage.open(), await stage.open()]
      const listeners: Listener[] = []
      for (const client of ['A', 'B', 'C']) listeners.push(await stage.listen(await stage.open(), scope, { client }))
      const sent = publishers.map((_, by) => Array.from({ length: 30 }, () => stage.change(`by ${by}`)))
      const shared = publishers.map(() => Array.from({ length: 30 }, () => stage.change('shared')))
      const mixes = publishers.map((_, by) => stage.mixed(sent[by] ?? [], shared[by] ?? []))
      await stage.settled(
        Promise.all(
          publishers.map(async (publisher, by) => {
            const mine = mixes[by] ?? []
            for (let at = 0; at < mine.length; at += 3)
              await Promise.all(mine.slice(at, at + 3).map((change) => publisher.publish(scope, [change])))
          }),
        ),
        'publish',
      )
      const all = [...sent, ...shared].flat()
      for (const listener of listeners) {
        await stage.until(
          () => new Set(listener.heard.map(({ sequence }) => sequence)).size >= all.length,
          () => `${listener.client} heard ${listener.heard.length} of ${all.length} changes`,
        )
        for (const [by, own] of shared.entries()) {
          const names = new Set(own.map(({ sequence }) => sequence))
          const heard = firsts(listener).filter(({ sequence }) => names.has(sequence))
          const wrong = heard.findIndex((change, at) => change.sequence !== own[at]?.sequence)
          demand(
            wrong < 0,
            `key "shared": what publisher ${by} sent came in another order ← #${wrong + 1}, client ${listener.client}`,
          )
        }
      }
      if (stage.capabilities.ordering === 'per-publisher') return
      const orders = listeners.map((listener) => firsts(listener).filter(({ key }) => key === 'shared'))
      for (const [at, heard] of orders.entries()) {
        const wrong = heard.findIndex((change, place) => change.sequence !== orders[0]?.[place]?.sequence)
        const told = (list: typeof heard | undefined): string =>
          `${list
            ?.slice(0, wrong + 1)
            .map(({ sequence }) => sequence)
            .slice(-3)
            .join(' ')}`
        demand(
          wrong < 0,
          () =>
            `key "shared": clients disagree on the order of several publishers at #${wrong + 1}: client ${listeners[0]?.client} got … ${told(orders[0])}, client ${listeners[at]?.client} got … ${told(heard)}`,
        )
      }
    },
  },
  {
    id: 'BUS-ORD-06',
    level: 'MUST',
    sentence: 'Order holds within a batch, across batches, and between batches and single changes.',
    hint: 'A batch is one entry of the queue that single changes stand in too; its changes keep their order.',
    skip: unordered,
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const batches = Array.from({ length: 30 }, () =>
        Array.from({ length: 1 + stage.int(7) }, () => stage.change(KEYS[stage.int(3)] ?? 'a')),
      )
      await stage.settled(Promise.all(batches.map((batch) => stage.bus.publish(scope, batch))), 'publish')
      await stage.expectAll(listener, batches.flat())
    },
  },
  {
    id: 'BUS-ORD-07',
    level: 'MUST',
    sentence: 'After a reconnect order holds, and nothing from before comes after what is newer.',
    hint: 'What was under way when the connection went is lost or comes first; never later.',
    skip: (stage) => unordered(stage) ?? (stage.harness.faults?.cut ? undefined : 'the harness cannot cut connections'),
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 40 }, () => stage.change('a'))
      const publishing = (async () => {
        for (const change of sent.slice(0, 20)) await stage.bus.publish(scope, [change]).catch(() => {})
      })()
      await stage.harness.faults?.cut?.()
      await stage.settled(publishing, 'publish')
      await stage.drained(scope, [listener])
      await stage.publish(scope, sent.slice(20))
      await stage.until(
        () => listener.heard.some(({ sequence }) => sequence === sent.at(-1)?.sequence),
        'nothing is heard after the reconnect',
      )
      await stage.expectAll({ ...listener, heard: onlyOf(listener, sent.slice(20)) }, sent.slice(20))
      await stage.expectAll(listener, [], { losses: true }).catch(() => {})
      const places = listener.heard.map(({ sequence }) => sequence)
      const wrong = stage.repeats ? -1 : places.findIndex((each, at) => at > 0 && each <= (places[at - 1] ?? 0))
      demand(wrong < 0, `key "a": ${places[wrong]} came after ${places[wrong - 1]} ← after the reconnect, client B`)
    },
  },
  {
    id: 'BUS-ORD-08',
    level: 'MUST',
    sentence: 'Sending again after a failure changes no order, apart from repeats.',
    hint: 'A retry holds up what was published after it; one outstanding send per line.',
    skip: (stage) =>
      unordered(stage) ??
      (stage.harness.faults?.kill && stage.harness.faults.restart ? undefined : 'the harness cannot kill the broker'),
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 12 }, () => stage.change('a'))
      await stage.publish(scope, sent.slice(0, 3))
      await stage.until(() => listener.heard.length >= 3, 'nothing is heard')
      await stage.harness.faults?.kill?.()
      const late = sent.slice(3).map((change) =>
        stage.bus.publish(scope, [change]).then(
          () => undefined,
          () => change,
        ),
      )
      await stage.moment()
      await stage.harness.faults?.restart?.()
      await stage.drained(scope, [listener])
      // what was refused is sent again by its caller, in order
      const refused = await stage.settled(Promise.all(late), 'publish')
      await stage.publish(
        scope,
        refused.filter((change) => change !== undefined),
      )
      await stage.drained(scope, [listener])
      const order = firsts(listener).map(({ sequence }) => sequence)
      const wrong = order.findIndex((each, at) => at > 0 && each < (order[at - 1] ?? 0))
      demand(wrong < 0, `key "a": ${order[wrong]} came after ${order[wrong - 1]} ← across a retry, client B`)
    },
  },
  {
    id: 'BUS-ORD-09',
    level: 'MUST',
    sentence: 'A handler that throws costs neither a later change nor the order.',
    hint: 'Catch what a handler throws, hand it to whoever hears of errors, and go on with the next frame.',
    skip: unordered,
    async run(stage) {
      const scope = stage.section()
      watchThrown(stage)
      let calls = 0
      const onChange = (): void => {
        if (++calls % 5 === 3) throw new Error('a handler of the kit throws on purpose')
      }
      const bus = await stage.open()
      const listener = await stage.listen(bus, scope, { client: 'B', onChange })
      const other = await stage.listen(bus, scope, { client: 'C' })
      const sent = Array.from({ length: 30 }, () => stage.change('a'))
      await stage.publish(scope, sent)
      for (const each of [listener, other]) await stage.expectAll(each, sent)
    },
  },
  {
    id: 'BUS-ORD-10',
    level: 'MUST',
    sentence: 'Another process routes a key the same way: order holds when the publisher moves.',
    hint: 'Choose partitions by a hash that is the same in every process and version of the client.',
    skip: (stage) =>
      unordered(stage) ??
      (stage.capabilities.ordering === 'per-publisher'
        ? "ordering 'per-publisher' promises nothing between publishers"
        : undefined) ??
      (stage.harness.elsewhere ? undefined : 'the harness has no other process'),
    async run(stage) {
      const scope = stage.section()
      const { elsewhere } = stage.harness
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 20 }, (_, n) => stage.change(`k${n % 5}`))
      for (const [at, change] of sent.entries()) {
        if (Math.floor(at / 5) % 2 === 1)
          await stage.settled(elsewhere?.(scope, [change]) ?? Promise.resolve(), 'publish elsewhere')
        else await stage.publish(scope, [change])
      }
      await stage.expectAll(listener, sent)
    },
  },
]

/** What was heard, without repeats. */
function firsts({ heard }: Listener): Listener['heard'] {
  const seen = new Set<number>()
  return heard.filter(({ sequence }) => !seen.has(sequence) && seen.add(sequence))
}

const onlyOf = ({ heard }: Listener, sent: readonly { readonly sequence: number }[]): Listener['heard'] => {
  const names = new Set(sent.map(({ sequence }) => sequence))
  return heard.filter(({ sequence }) => names.has(sequence))
}
