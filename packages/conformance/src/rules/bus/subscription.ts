import type { Scope } from '@sync/core/adapter'
import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext, RecordingSubscriber } from '../../context/bus-test-context.ts'
import type { Rule } from '../rule.ts'

/** Names that some broker reads as a pattern, each with a name that the pattern would match. */
const PATTERNS: readonly (readonly [pattern: string, literal: string])[] = [
  ['*', 'a'],
  ['a*', 'ab'],
  ['>', 'a'],
  ['a.>', 'a.b'],
  ['a.*', 'a.b'],
  ['?', 'a'],
  ['[ab]', 'a'],
  ['#', 'a'],
  ['+', 'a'],
  ['a:*', 'a:b'],
]

/** Scope, beginning and end of subscriptions. */
export const subscription: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-SUB-01',
    level: 'MUST',
    statement: 'A subscription receives every change that is published to its scope after `subscribe` resolved.',
    hint: "Wait for the broker's own acknowledgement of the subscription; a client's `ready` event does not confirm it.",
    skip: ({ capabilities }) =>
      capabilities.live === 'at-once' ? undefined : "live 'eventually': the stack's rule is SYNC-SUB-01",
    async run(context) {
      const client = await context.open()
      for (let round = 0; round < 20; round++) {
        const scope = context.section()
        const subscriber = await context.subscribe(client, scope, { client: 'B', skipLivenessProbe: true })
        const sent = [context.change('a')]
        await context.publish(scope, sent)
        await context.waitUntil(
          () => subscriber.received.length > 0,
          `the first change after subscribe resolved was not received, in round ${round + 1}`,
        )
        await subscriber.stop()
      }
    },
  },
  {
    id: 'BUS-SUB-02',
    level: 'MUST',
    statement: 'Every subscriber of every client receives every change of its scope.',
    hint: 'Broadcast: no consumer group, no shared queue, no state shared between clients.',
    async run(context) {
      const scope = context.section()
      const subscribers: RecordingSubscriber[] = []
      for (const client of ['A', 'B', 'C', 'D'])
        subscribers.push(await context.subscribe(await context.open(), scope, { client }))
      const sent = Array.from({ length: 20 }, (_, n) => context.change(`k${n % 3}`))
      await context.publish(scope, sent)
      for (const subscriber of subscribers) await context.expectAllReceived(subscriber, sent, { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-SUB-03',
    level: 'MUST',
    statement:
      'Two handlers of one client on the same scope both receive changes, and stopping one does not stop the other.',
    hint: 'Count the handlers of each channel, and unsubscribe at the broker when the last one stops.',
    async run(context) {
      const scope = context.section()
      const bus = await context.open()
      const first = await context.subscribe(bus, scope, { client: 'first' })
      const second = await context.subscribe(bus, scope, { client: 'second' })
      const both = [context.change('a')]
      await context.publish(scope, both)
      for (const each of [first, second]) await context.expectAllReceived(each, both, { allowDuplicates: true })
      await first.stop()
      const one = [context.change('a')]
      await context.publish(scope, one)
      await context.expectAllReceived(second, [...both, ...one], { allowDuplicates: true })
      assertEqual(
        new Set(first.received.map(({ sequence }) => sequence)).size,
        1,
        'changes received by the stopped handler',
      )
    },
  },
  {
    id: 'BUS-SUB-04',
    level: 'MUST',
    statement: 'A handler receives no frame after `stop` has resolved.',
    hint: 'Check that the subscription is active immediately before each call of the handler, also for queued frames.',
    async run(context) {
      const bus = await context.open()
      for (let round = 0; round < 10; round++) {
        const scope = context.section()
        const watching = await context.subscribe(await context.open(), scope, { client: 'watching' })
        const subscriber = await context.subscribe(bus, scope, { client: 'stopped' })
        const whileStopping = Array.from({ length: 5 }, () => context.change('a'))
        const publishing = Promise.all(whileStopping.map((change) => context.bus.publish(scope, [change])))
        await subscriber.stop()
        const received = subscriber.received.length
        await context.withTimeout(publishing, 'publish')
        const later = [context.change('a'), context.change('a')]
        await context.publish(scope, later)
        await context.expectAllReceived(watching, [...whileStopping, ...later], { allowDuplicates: true })
        assertEqual(subscriber.received.length, received, 'changes received after stop resolved: total')
      }
    },
  },
  {
    id: 'BUS-SUB-05',
    level: 'MUST',
    statement: '`stop` can be called twice, and from within the handler.',
    hint: 'Make `stop` idempotent, and do not let it wait for the handler that may have called it.',
    async run(context) {
      const scope = context.section()
      const bus = await context.open()
      const watching = await context.subscribe(await context.open(), scope, { client: 'watching' })
      let stopping: Promise<void> | undefined
      const subscriber = await context.subscribe(bus, scope, {
        client: 'B',
        onChange: () => {
          stopping ??= subscriber.subscription.stop()
        },
      })
      const sent = [context.change('a'), context.change('a'), context.change('a')]
      await context.publish(scope, sent)
      await context.waitUntil(() => stopping !== undefined, 'no change was received')
      await context.withTimeout(stopping ?? Promise.resolve(), 'stop from within the handler')
      await context.expectAllReceived(watching, sent, { allowDuplicates: true })
      const received = subscriber.received.length
      await context.withTimeout(subscriber.subscription.stop(), 'the second stop')
      const later = [context.change('a')]
      await context.publish(scope, later)
      await context.expectAllReceived(watching, [...sent, ...later], { allowDuplicates: true })
      assertEqual(subscriber.received.length, received, 'changes received after stop resolved: total')
    },
  },
  {
    id: 'BUS-SUB-06',
    level: 'MUST',
    statement: 'Names that a broker could read as patterns are literal: `*`, `>`, `?`, `[ab]`, `#`, `.`, `:`.',
    hint: 'Escape or encode every part of the address, and never put a name into a pattern subscription.',
    async run(context) {
      const bus = await context.open()
      const section = context.uniqueName('s')
      for (const [pattern, literal] of PATTERNS) {
        for (const at of ['section', 'key'] as const) {
          const scopeOf = (name: string): Scope =>
            at === 'section'
              ? { partition: context.harness.namespace, section: `${section}${name}` }
              : { partition: context.harness.namespace, section, key: name }
          const patterned = await context.subscribe(bus, scopeOf(pattern), { client: pattern })
          const plain = await context.subscribe(bus, scopeOf(literal), { client: literal })
          const toPlain = [context.change('plain')]
          const toPattern = [context.change('pattern')]
          await context.publish(scopeOf(literal), toPlain)
          await context.publish(scopeOf(pattern), toPattern)
          await context.waitUntil(
            () =>
              plain.received.some(({ key }) => key === 'plain') &&
              patterned.received.some(({ key }) => key === 'pattern'),
            `a change published to the ${at} ${JSON.stringify(pattern)} or ${JSON.stringify(literal)} was not received there`,
          )
          await context.waitForDelivery(scopeOf(literal), [plain])
          await context.waitForDelivery(scopeOf(pattern), [patterned])
          const misrouted = [
            ...patterned.received.filter(({ key }) => key === 'plain').map(() => [pattern, literal] as const),
            ...plain.received.filter(({ key }) => key === 'pattern').map(() => [literal, pattern] as const),
          ][0]
          assertThat(
            !misrouted,
            () =>
              `the ${at} ${JSON.stringify(misrouted?.[0])} received a change published to ${JSON.stringify(misrouted?.[1])}`,
          )
          await patterned.stop()
          await plain.stop()
        }
      }
    },
  },
  {
    id: 'BUS-SUB-07',
    level: 'MUST',
    statement:
      "A section's subscriber receives no change published to one of its keys, and a key's subscriber none published to its section.",
    hint: 'Use separate channels for section and key scopes.',
    async run(context) {
      const section = context.section()
      const key = { ...section, key: 'a' }
      const bus = await context.open()
      const ofSection = await context.subscribe(bus, section, { client: 'section' })
      const ofKey = await context.subscribe(bus, key, { client: 'key' })
      const [toSection, toKey] = [[context.change('a')], [context.change('a')]]
      await context.publish(section, toSection)
      await context.publish(key, toKey)
      await context.waitForDelivery(section, [ofSection])
      await context.waitForDelivery(key, [ofKey])
      await context.expectAllReceived(ofSection, toSection, { allowDuplicates: true })
      await context.expectAllReceived(ofKey, toKey, { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-SUB-08',
    level: 'MUST',
    statement: 'A late subscriber receives exactly those earlier changes that `replay` declares.',
    hint: "Start at the end of the log unless an offset is given; declare 'retained' if the last changes are sent first.",
    async run(context) {
      const scope = context.section()
      const early = await context.subscribe(await context.open(), scope, { client: 'early' })
      const before = Array.from({ length: 5 }, () => context.change('a'))
      await context.publish(scope, before)
      await context.expectAllReceived(early, before, { allowDuplicates: true })
      const late = await context.subscribe(await context.open(), scope, { client: 'late' })
      const after = [context.change('a')]
      await context.publish(scope, after)
      await context.waitForDelivery(scope, [late])
      if (context.capabilities.replay === 'retained') {
        const sequences = new Set(late.received.map(({ sequence }) => sequence))
        assertThat(
          sequences.has(before.at(-1)?.sequence ?? 0),
          "replay 'retained': the late subscriber did not receive the last change",
        )
      } else await context.expectAllReceived(late, after, { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-SUB-10',
    level: 'MUST',
    statement:
      'Aborting the signal ends a subscription, and `subscribe` rejects with SYNC_ABORTED if the signal is already aborted.',
    hint: 'Check the signal before subscribing, listen to it afterwards, and remove the listener at the end.',
    async run(context) {
      const scope = context.section()
      const bus = await context.open()
      const watching = await context.subscribe(await context.open(), scope, { client: 'watching' })
      const aborted = context.withTimeout(
        bus.subscribe(scope, () => {}, { signal: AbortSignal.abort() }),
        'subscribe',
      )
      await assertRejects(aborted, 'subscribe with an aborted signal', 'SYNC_ABORTED')
      const control = new AbortController()
      const subscriber = await context.subscribe(bus, scope, { client: 'B', signal: control.signal })
      const first = [context.change('a')]
      await context.publish(scope, first)
      await context.expectAllReceived(subscriber, first, { allowDuplicates: true })
      control.abort()
      await context.withTimeout(subscriber.subscription.stop(), 'stop after abort')
      const received = subscriber.received.length
      const later = [context.change('a')]
      await context.publish(scope, later)
      await context.expectAllReceived(watching, [...first, ...later], { allowDuplicates: true })
      assertEqual(subscriber.received.length, received, 'changes received after the abort: total')
    },
  },
  {
    id: 'BUS-SUB-11',
    level: 'MUST',
    statement: '`subscribe` and `publish` reject an invalid scope with SYNC_ARGUMENT, and never hang on it.',
    hint: 'Check every part of the address before anything is sent.',
    async run(context) {
      const partition = context.harness.namespace
      const invalid: readonly Scope[] = [
        { partition: '', section: 's' },
        { partition, section: '' },
        { partition, section: 's', key: '' },
        { partition, section: 7 as never },
      ]
      for (const scope of invalid) {
        const what = JSON.stringify(scope)
        await assertRejects(
          context.withTimeout(
            context.bus.subscribe(scope, () => {}),
            `subscribe to ${what}`,
          ),
          `subscribe to ${what}`,
          'SYNC_ARGUMENT',
        )
        await assertRejects(
          context.withTimeout(context.bus.publish(scope, [context.change('a')]), `publish to ${what}`),
          `publish to ${what}`,
          'SYNC_ARGUMENT',
        )
      }
    },
  },
]
