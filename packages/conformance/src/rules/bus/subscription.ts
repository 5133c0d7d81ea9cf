import type { Scope } from '@sync/core/adapter'
import { demand, demandEqual, demandRefusal } from '../../judge/violation.ts'
import type { BusStage, Listener } from '../../stage/bus-stage.ts'
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
export const subscription: readonly Rule<BusStage>[] = [
  {
    id: 'BUS-SUB-01',
    level: 'MUST',
    sentence: 'A subscription is live when `subscribe` resolves: the very next change is heard.',
    hint: "Wait for the broker's own acknowledgement of the subscription; a client's `ready` event is none.",
    skip: ({ capabilities }) =>
      capabilities.live === 'at-once' ? undefined : "live 'eventually': the stack's rule is SYNC-SUB-01",
    async run(stage) {
      const listening = await stage.open()
      for (let round = 0; round < 20; round++) {
        const scope = stage.section()
        const listener = await stage.listen(listening, scope, { client: 'B', asIs: true })
        const sent = [stage.change('a')]
        await stage.publish(scope, sent)
        await stage.until(
          () => listener.heard.length > 0,
          `the first change after subscribe resolved was not heard, in round ${round + 1}`,
        )
        await listener.stop()
      }
    },
  },
  {
    id: 'BUS-SUB-02',
    level: 'MUST',
    sentence: 'Every subscriber of every client hears every change of its scope.',
    hint: 'Broadcast: no consumer group, no shared queue, no state shared between clients.',
    async run(stage) {
      const scope = stage.section()
      const listeners: Listener[] = []
      for (const client of ['A', 'B', 'C', 'D'])
        listeners.push(await stage.listen(await stage.open(), scope, { client }))
      const sent = Array.from({ length: 20 }, (_, n) => stage.change(`k${n % 3}`))
      await stage.publish(scope, sent)
      for (const listener of listeners) await stage.expectAll(listener, sent, { repeats: true })
    },
  },
  {
    id: 'BUS-SUB-03',
    level: 'MUST',
    sentence: 'Two handlers of one client on one scope both hear; stopping one keeps the other.',
    hint: 'Count who uses a channel; end the subscription at the broker with the last one.',
    async run(stage) {
      const scope = stage.section()
      const bus = await stage.open()
      const first = await stage.listen(bus, scope, { client: 'first' })
      const second = await stage.listen(bus, scope, { client: 'second' })
      const both = [stage.change('a')]
      await stage.publish(scope, both)
      for (const each of [first, second]) await stage.expectAll(each, both, { repeats: true })
      await first.stop()
      const one = [stage.change('a')]
      await stage.publish(scope, one)
      await stage.expectAll(second, [...both, ...one], { repeats: true })
      demandEqual(new Set(first.heard.map(({ sequence }) => sequence)).size, 1, 'changes heard by the stopped handler')
    },
  },
  {
    id: 'BUS-SUB-04',
    level: 'MUST',
    sentence: 'Nothing is handed over once `stop` has resolved.',
    hint: 'Ask whether the subscription is still on right before each call of the handler, also for what was queued.',
    async run(stage) {
      const bus = await stage.open()
      for (let round = 0; round < 10; round++) {
        const scope = stage.section()
        const watching = await stage.listen(await stage.open(), scope, { client: 'watching' })
        const listener = await stage.listen(bus, scope, { client: 'stopped' })
        const under = Array.from({ length: 5 }, () => stage.change('a'))
        const publishing = Promise.all(under.map((change) => stage.bus.publish(scope, [change])))
        await listener.stop()
        const heard = listener.heard.length
        await stage.settled(publishing, 'publish')
        const later = [stage.change('a'), stage.change('a')]
        await stage.publish(scope, later)
        await stage.expectAll(watching, [...under, ...later], { repeats: true })
        demandEqual(listener.heard.length, heard, 'changes heard after stop resolved: total')
      }
    },
  },
  {
    id: 'BUS-SUB-05',
    level: 'MUST',
    sentence: '`stop` may be called twice, and from inside the handler.',
    hint: 'Make stop idempotent, and do not wait in it for the handler that may have called it.',
    async run(stage) {
      const scope = stage.section()
      const bus = await stage.open()
      const watching = await stage.listen(await stage.open(), scope, { client: 'watching' })
      let stopping: Promise<void> | undefined
      const listener = await stage.listen(bus, scope, {
        client: 'B',
        onChange: () => {
          stopping ??= listener.subscription.stop()
        },
      })
      const sent = [stage.change('a'), stage.change('a'), stage.change('a')]
      await stage.publish(scope, sent)
      await stage.until(() => stopping !== undefined, 'nothing was heard')
      await stage.settled(stopping ?? Promise.resolve(), 'stop from inside the handler')
      await stage.expectAll(watching, sent, { repeats: true })
      const heard = listener.heard.length
      await stage.settled(listener.subscription.stop(), 'the second stop')
      const later = [stage.change('a')]
      await stage.publish(scope, later)
      await stage.expectAll(watching, [...sent, ...later], { repeats: true })
      demandEqual(listener.heard.length, heard, 'changes heard after stop resolved: total')
    },
  },
  {
    id: 'BUS-SUB-06',
    level: 'MUST',
    sentence: 'Names in which a broker sees patterns mean themselves: `*`, `>`, `?`, `[ab]`, `#`, `.`, `:`.',
    hint: 'Escape or encode every part of the address; never subscribe by pattern with a name in it.',
    async run(stage) {
      const bus = await stage.open()
      const section = stage.name('s')
      for (const [pattern, literal] of PATTERNS) {
        for (const at of ['section', 'key'] as const) {
          const scopeOf = (name: string): Scope =>
            at === 'section'
              ? { partition: stage.harness.namespace, section: `${section}${name}` }
              : { partition: stage.harness.namespace, section, key: name }
          const patterned = await stage.listen(bus, scopeOf(pattern), { client: pattern })
          const plain = await stage.listen(bus, scopeOf(literal), { client: literal })
          const toPlain = [stage.change('plain')]
          const toPattern = [stage.change('pattern')]
          await stage.publish(scopeOf(literal), toPlain)
          await stage.publish(scopeOf(pattern), toPattern)
          await stage.until(
            () =>
              plain.heard.some(({ key }) => key === 'plain') && patterned.heard.some(({ key }) => key === 'pattern'),
            `what was published to the ${at} ${JSON.stringify(pattern)} or ${JSON.stringify(literal)} was not heard there`,
          )
          await stage.drained(scopeOf(literal), [plain])
          await stage.drained(scopeOf(pattern), [patterned])
          const wrong = [
            ...patterned.heard.filter(({ key }) => key === 'plain').map(() => [pattern, literal] as const),
            ...plain.heard.filter(({ key }) => key === 'pattern').map(() => [literal, pattern] as const),
          ][0]
          demand(
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
    sentence: "A section's subscriber does not hear what is published to one of its keys, nor the other way round.",
    hint: 'Section and key scopes need channels of their own.',
    async run(stage) {
      const section = stage.section()
      const key = { ...section, key: 'a' }
      const bus = await stage.open()
      const ofSection = await stage.listen(bus, section, { client: 'section' })
      const ofKey = await stage.listen(bus, key, { client: 'key' })
      const [toSection, toKey] = [[stage.change('a')], [stage.change('a')]]
      await stage.publish(section, toSection)
      await stage.publish(key, toKey)
      await stage.drained(section, [ofSection])
      await stage.drained(key, [ofKey])
      await stage.expectAll(ofSection, toSection, { repeats: true })
      await stage.expectAll(ofKey, toKey, { repeats: true })
    },
  },
  {
    id: 'BUS-SUB-08',
    level: 'MUST',
    sentence: 'A late subscriber hears of earlier changes what `replay` says: nothing, or what was kept.',
    hint: "Begin at the end of the log unless an offset is given; declare 'retained' if the last changes are sent first.",
    async run(stage) {
      const scope = stage.section()
      const early = await stage.listen(await stage.open(), scope, { client: 'early' })
      const before = Array.from({ length: 5 }, () => stage.change('a'))
      await stage.publish(scope, before)
      await stage.expectAll(early, before, { repeats: true })
      const late = await stage.listen(await stage.open(), scope, { client: 'late' })
      const after = [stage.change('a')]
      await stage.publish(scope, after)
      await stage.drained(scope, [late])
      if (stage.capabilities.replay === 'retained') {
        const names = new Set(late.heard.map(({ sequence }) => sequence))
        demand(
          names.has(before.at(-1)?.sequence ?? 0),
          "replay 'retained': the late subscriber did not hear the last change",
        )
      } else await stage.expectAll(late, after, { repeats: true })
    },
  },
  {
    id: 'BUS-SUB-10',
    level: 'MUST',
    sentence: 'An AbortSignal ends a subscription; one that is aborted already refuses it with SYNC_ABORTED.',
    hint: 'Check the signal before subscribing, listen to it afterwards, and take the listener off at the end.',
    async run(stage) {
      const scope = stage.section()
      const bus = await stage.open()
      const watching = await stage.listen(await stage.open(), scope, { client: 'watching' })
      const aborted = stage.settled(
        bus.subscribe(scope, () => {}, { signal: AbortSignal.abort() }),
        'subscribe',
      )
      await demandRefusal(aborted, 'subscribe with an aborted signal', 'SYNC_ABORTED')
      const control = new AbortController()
      const listener = await stage.listen(bus, scope, { client: 'B', signal: control.signal })
      const first = [stage.change('a')]
      await stage.publish(scope, first)
      await stage.expectAll(listener, first, { repeats: true })
      control.abort()
      await stage.settled(listener.subscription.stop(), 'stop after abort')
      const heard = listener.heard.length
      const later = [stage.change('a')]
      await stage.publish(scope, later)
      await stage.expectAll(watching, [...first, ...later], { repeats: true })
      demandEqual(listener.heard.length, heard, 'changes heard after the abort: total')
    },
  },
  {
    id: 'BUS-SUB-11',
    level: 'MUST',
    sentence: 'A scope that is none is refused with SYNC_ARGUMENT, by `subscribe` and by `publish`; it never hangs.',
    hint: 'Check every part of the address before anything is sent.',
    async run(stage) {
      const partition = stage.harness.namespace
      const bad: readonly Scope[] = [
        { partition: '', section: 's' },
        { partition, section: '' },
        { partition, section: 's', key: '' },
        { partition, section: 7 as never },
      ]
      for (const scope of bad) {
        const what = JSON.stringify(scope)
        await demandRefusal(
          stage.settled(
            stage.bus.subscribe(scope, () => {}),
            `subscribe to ${what}`,
          ),
          `subscribe to ${what}`,
          'SYNC_ARGUMENT',
        )
        await demandRefusal(
          stage.settled(stage.bus.publish(scope, [stage.change('a')]), `publish to ${what}`),
          `publish to ${what}`,
          'SYNC_ARGUMENT',
        )
      }
    },
  },
]
