import { assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext, RecordingSubscriber } from '../../context/bus-test-context.ts'
import { collectHandlerErrors } from '../../context/handler-errors.ts'
import type { Rule } from '../rule.ts'

const KEYS = ['a', 'b', 'c'] as const
const requiresOrdering = (context: BusTestContext): string | undefined =>
  context.capabilities.ordering === 'none' ? "ordering 'none' promises no order" : undefined

/** The order in which changes arrive. */
export const order: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-ORD-01',
    level: 'MUST',
    statement: 'Changes of one publisher, each awaited, arrive in the order of their publication.',
    hint: 'Send on one connection and hand frames over in the order in which they are read.',
    skip: requiresOrdering,
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 60 }, () => context.change(KEYS[context.randomInt(3)] ?? 'a'))
      await context.publish(scope, sent)
      await context.expectAllReceived(subscriber, sent)
    },
  },
  {
    id: 'BUS-ORD-02',
    level: 'MUST',
    statement: 'Changes that one publisher publishes without awaiting arrive in the order of the calls.',
    hint: 'Queue changes while a send is in flight: nothing may be sent in parallel with it, or overtake its retry.',
    skip: requiresOrdering,
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 120 }, () => context.change(KEYS[context.randomInt(3)] ?? 'a'))
      await context.withTimeout(Promise.all(sent.map((change) => context.bus.publish(scope, [change]))), 'publish')
      await context.expectAllReceived(subscriber, sent)
    },
  },
  {
    id: 'BUS-ORD-03',
    level: 'MUST',
    statement:
      'All clients receive the changes of several publishers in the same order per key, if `ordering` declares it.',
    hint: "If the server does not bring all publishers of a key into one order, declare ordering 'per-publisher'.",
    skip: requiresOrdering,
    async run(context) {
      const scope = context.section()
      const publishers = [context.bus, await context.open(), await context.open()]
      const subscribers: RecordingSubscriber[] = []
      for (const client of ['A', 'B', 'C'])
        subscribers.push(await context.subscribe(await context.open(), scope, { client }))
      const sent = publishers.map((_, by) => Array.from({ length: 30 }, () => context.change(`by ${by}`)))
      const shared = publishers.map(() => Array.from({ length: 30 }, () => context.change('shared')))
      const interleaved = publishers.map((_, by) => context.interleave(sent[by] ?? [], shared[by] ?? []))
      await context.withTimeout(
        Promise.all(
          publishers.map(async (publisher, by) => {
            const ownChanges = interleaved[by] ?? []
            for (let at = 0; at < ownChanges.length; at += 3)
              await Promise.all(ownChanges.slice(at, at + 3).map((change) => publisher.publish(scope, [change])))
          }),
        ),
        'publish',
      )
      const all = [...sent, ...shared].flat()
      for (const subscriber of subscribers) {
        await context.waitUntil(
          () => new Set(subscriber.received.map(({ sequence }) => sequence)).size >= all.length,
          () => `${subscriber.client} received ${subscriber.received.length} of ${all.length} changes`,
        )
        for (const [by, own] of shared.entries()) {
          const sequences = new Set(own.map(({ sequence }) => sequence))
          const received = withoutDuplicates(subscriber).filter(({ sequence }) => sequences.has(sequence))
          const mismatch = received.findIndex((change, at) => change.sequence !== own[at]?.sequence)
          assertThat(
            mismatch < 0,
            `key "shared": changes of publisher ${by} arrived in another order ← #${mismatch + 1}, client ${subscriber.client}`,
          )
        }
      }
      if (context.capabilities.ordering === 'per-publisher') return
      const orders = subscribers.map((subscriber) =>
        withoutDuplicates(subscriber).filter(({ key }) => key === 'shared'),
      )
      for (const [at, received] of orders.entries()) {
        const mismatch = received.findIndex((change, index) => change.sequence !== orders[0]?.[index]?.sequence)
        const excerpt = (list: typeof received | undefined): string =>
          `${list
            ?.slice(0, mismatch + 1)
            .map(({ sequence }) => sequence)
            .slice(-3)
            .join(' ')}`
        assertThat(
          mismatch < 0,
          () =>
            `key "shared": clients disagree on the order of several publishers at #${mismatch + 1}: client ${subscribers[0]?.client} got … ${excerpt(orders[0])}, client ${subscribers[at]?.client} got … ${excerpt(received)}`,
        )
      }
    },
  },
  {
    id: 'BUS-ORD-06',
    level: 'MUST',
    statement: 'Order holds within a batch, across batches, and between batches and single changes.',
    hint: 'Put a batch into the same queue as single changes, as one entry, and keep the order of its changes.',
    skip: requiresOrdering,
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const batches = Array.from({ length: 30 }, () =>
        Array.from({ length: 1 + context.randomInt(7) }, () => context.change(KEYS[context.randomInt(3)] ?? 'a')),
      )
      await context.withTimeout(Promise.all(batches.map((batch) => context.bus.publish(scope, batch))), 'publish')
      await context.expectAllReceived(subscriber, batches.flat())
    },
  },
  {
    id: 'BUS-ORD-07',
    level: 'MUST',
    statement: 'After a reconnect changes arrive in order, and no older change arrives after a newer one.',
    hint: 'Changes that were in flight when the connection was lost may get lost or arrive first, but never later.',
    skip: (context) =>
      requiresOrdering(context) ?? (context.harness.faults?.cut ? undefined : 'the harness cannot cut connections'),
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 40 }, () => context.change('a'))
      const publishing = (async () => {
        for (const change of sent.slice(0, 20)) await context.bus.publish(scope, [change]).catch(() => {})
      })()
      await context.harness.faults?.cut?.()
      await context.withTimeout(publishing, 'publish')
      await context.waitForDelivery(scope, [subscriber])
      await context.publish(scope, sent.slice(20))
      await context.waitUntil(
        () => subscriber.received.some(({ sequence }) => sequence === sent.at(-1)?.sequence),
        'no change was received after the reconnect',
      )
      await context.expectAllReceived(
        { ...subscriber, received: onlyChangesOf(subscriber, sent.slice(20)) },
        sent.slice(20),
      )
      await context.expectAllReceived(subscriber, [], { allowLosses: true }).catch(() => {})
      const sequences = subscriber.received.map(({ sequence }) => sequence)
      const mismatch = context.allowDuplicates
        ? -1
        : sequences.findIndex((each, at) => at > 0 && each <= (sequences[at - 1] ?? 0))
      assertThat(
        mismatch < 0,
        `key "a": ${sequences[mismatch]} arrived after ${sequences[mismatch - 1]} ← after the reconnect, client B`,
      )
    },
  },
  {
    id: 'BUS-ORD-08',
    level: 'MUST',
    statement: 'Retrying a failed publication does not reorder changes; it may only repeat them.',
    hint: 'A retry blocks everything that was published after it: allow one outstanding send per queue.',
    skip: (context) =>
      requiresOrdering(context) ??
      (context.harness.faults?.kill && context.harness.faults.restart
        ? undefined
        : 'the harness cannot kill the broker'),
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 12 }, () => context.change('a'))
      await context.publish(scope, sent.slice(0, 3))
      await context.waitUntil(() => subscriber.received.length >= 3, 'no change was received')
      await context.harness.faults?.kill?.()
      const outcomes = sent.slice(3).map((change) =>
        context.bus.publish(scope, [change]).then(
          () => undefined,
          () => change,
        ),
      )
      await context.shortPause()
      await context.harness.faults?.restart?.()
      await context.waitForDelivery(scope, [subscriber])
      // The caller publishes rejected changes again, in order.
      const rejected = await context.withTimeout(Promise.all(outcomes), 'publish')
      await context.publish(
        scope,
        rejected.filter((change) => change !== undefined),
      )
      await context.waitForDelivery(scope, [subscriber])
      const order = withoutDuplicates(subscriber).map(({ sequence }) => sequence)
      const mismatch = order.findIndex((each, at) => at > 0 && each < (order[at - 1] ?? 0))
      assertThat(
        mismatch < 0,
        `key "a": ${order[mismatch]} arrived after ${order[mismatch - 1]} ← across a retry, client B`,
      )
    },
  },
  {
    id: 'BUS-ORD-09',
    level: 'MUST',
    statement: 'A handler that throws causes no loss and no reordering of later changes.',
    hint: 'Catch the error, pass it to the error handler, and continue with the next frame.',
    skip: requiresOrdering,
    async run(context) {
      const scope = context.section()
      collectHandlerErrors(context)
      let calls = 0
      const onChange = (): void => {
        if (++calls % 5 === 3) throw new Error('thrown on purpose by a handler of the conformance kit')
      }
      const bus = await context.open()
      const subscriber = await context.subscribe(bus, scope, { client: 'B', onChange })
      const other = await context.subscribe(bus, scope, { client: 'C' })
      const sent = Array.from({ length: 30 }, () => context.change('a'))
      await context.publish(scope, sent)
      for (const each of [subscriber, other]) await context.expectAllReceived(each, sent)
    },
  },
  {
    id: 'BUS-ORD-10',
    level: 'MUST',
    statement: "Order holds when a key's publisher moves to another process.",
    hint: 'Choose partitions by a hash that is the same in every process and in every version of the client.',
    skip: (context) =>
      requiresOrdering(context) ??
      (context.capabilities.ordering === 'per-publisher'
        ? "ordering 'per-publisher' promises no order between publishers"
        : undefined) ??
      (context.harness.publishFromOtherProcess ? undefined : 'the harness cannot publish from another process'),
    async run(context) {
      const scope = context.section()
      const { publishFromOtherProcess } = context.harness
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 20 }, (_, n) => context.change(`k${n % 5}`))
      for (const [at, change] of sent.entries()) {
        if (Math.floor(at / 5) % 2 === 1)
          await context.withTimeout(
            publishFromOtherProcess?.(scope, [change]) ?? Promise.resolve(),
            'publish from another process',
          )
        else await context.publish(scope, [change])
      }
      await context.expectAllReceived(subscriber, sent)
    },
  },
]

/** Returns the received changes, without duplicates. */
function withoutDuplicates({ received }: RecordingSubscriber): RecordingSubscriber['received'] {
  const seen = new Set<number>()
  return received.filter(({ sequence }) => !seen.has(sequence) && seen.add(sequence))
}

const onlyChangesOf = (
  { received }: RecordingSubscriber,
  sent: readonly { readonly sequence: number }[],
): RecordingSubscriber['received'] => {
  const sequences = new Set(sent.map(({ sequence }) => sequence))
  return received.filter(({ sequence }) => sequences.has(sequence))
}
