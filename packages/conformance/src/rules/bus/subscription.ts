import type { Scope } from '@sync/core/adapter'
import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext, RecordingSubscriber } from '../../context/bus-test-context.ts'
import type { Rule } from '../rule.ts'

/** Names in which some broker sees a pattern, each with one that the pattern would match. */
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

/** Who hears, from when, until when. */
export const subscription: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-SUB-01',
    level: 'MUST',
    statement: 'A subscription is live when `subscribe` resolves: the very next change is heard.',
    hint: "Wait for the broker's own acknowledgement of the subscription; a client's `ready` event is none.",
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
          `the first change after subscribe resolved was not heard, in round ${round + 1}`,
        )
        await subscriber.stop()
      }
    },
  },
  {
    id: 'BUS-SUB-02',
    level: 'MUST',
    statement: 'Every subscriber of every client hears every change of its scope.',
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
    statement: 'Two handlers of one client on one scope both hear; stopping one keeps the other.',
    hint: 'Count who uses a channel; end the subscription at the broker with the last one.',
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
        'changes heard by the stopped handler',
      )
    },
  },
  {
    id: 'BUS-SUB-04',
    level: 'MUST',
    statement: 'Nothing is handed over once `stop` has resolved.',
    hint: 'Ask whether the subscription is still on right before each call of the handler, also for what was queued.',
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
        assertEqual(subscriber.received.length, received, 'changes heard after stop resolved: total')
      }
    },
  },
  {
    id: 'BUS-SUB-05',
    level: 'MUST',
    statement: '`stop` may be called twice, and from inside the handler.',
    hint: 'Make stop idempotent, and do not wait in it for the handler that may have called it.',
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
      await context.waitUntil(() => stopping !== undefined, 'nothing was heard')
      await context.withTimeout(stopping ?? Promise.resolve(), 'stop from inside the handler')
      await context.expectAllReceived(watching, sent, { allowDuplicates: true })
      const received = subscriber.received.length
      await context.withTimeout(subscriber.subscription.stop(), 'the second stop')
      const later = [context.change('a')]
      await context.publish(scope, later)
      await context.expectAllReceived(watching, [...sent, ...later], { allowDuplicates: true })
      assertEqual(subscriber.received.length, received, 'changes heard after stop resolved: total')
    },
  },
  {
    id: 'BUS-SUB-06',
    level: 'MUST',
    statement: 'Names in which a broker sees patterns mean themselves: `*`, `>`, `?`, `[ab]`, `#`, `.`, `:`.',
    hint: 'Escape or encode every part of the address; never subscribe by pattern with a name in it.',
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
            `what was published to the ${at} ${JSON.stringify(pattern)} or ${JSON.stringify(literal)} was not heard there`,
          )
          await context.waitForDelivery(scopeOf(literal), [plain])
          await context.waitForDelivery(scopeOf(pattern), [patterned])
          const wrong = [
            ...patterned.received.filter(({ key }) => key === 'plain').map(() => [pattern, literal] as const),
            ...plain.received.filter(({ key }) => key === 'pattern').map(() => [literal, pattern] as const),
          ][0]
          assertThat(
            !wrong,
            () => `the ${at} ${JSON.stringify(wrong?.[0])} heard what was published to ${JSON.stringify(wrong?.[1])}`,
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
    statement: "A section's subscriber does not hear what is published to one of its keys, nor the other way round.",
    hint: 'Section and key scopes need channels of their own.',
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
    statement: 'A late subscriber hears of earlier changes what `replay` says: nothing, or what was kept.',
    hint: "Begin at the end of the log unless an offset is given; declare 'retained' if the last changes are sent first.",
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
        const names = new Set(late.received.map(({ sequence }) => sequence))
        assertThat(
          names.has(before.at(-1)?.sequence ?? 0),
          "replay 'retained': the late subscriber did not hear the last change",
        )
      } else await context.expectAllReceived(late, after, { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-SUB-10',
    level: 'MUST',
    statement: 'An AbortSignal ends a subscription; one that is aborted already refuses it with SYNC_ABORTED.',
    hint: 'Check the signal before subscribing, listen to it afterwards, and take the listener off at the end.',
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
      assertEqual(subscriber.received.length, received, 'changes heard after the abort: total')
    },
  },
  {
    id: 'BUS-SUB-11',
    level: 'MUST',
    statement: 'A scope that is none is refused with SYNC_ARGUMENT, by `subscribe` and by `publish`; it never hangs.',
    hint: 'Check every part of the address before anything is sent.',
    async run(context) {
      const partition = context.harness.namespace
      const bad: readonly Scope[] = [
        { partition: '', section: 's' },
        { partition, section: '' },
        { partition, section: 's', key: '' },
        { partition, section: 7 as never },
      ]
      for (const scope of bad) {
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
