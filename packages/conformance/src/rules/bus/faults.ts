import type { BusStatus } from '@sync/core/adapter'
import { assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext, RecordingSubscriber } from '../../context/bus-test-context.ts'
import type { Rule } from '../rule.ts'

const requiresFaults =
  (...names: readonly ('kill' | 'restart' | 'pause' | 'resume' | 'cut' | 'failOver')[]) =>
  ({ harness: { faults } }: BusTestContext): string | undefined => {
    const missing = names.filter((name) => !faults?.[name])
    return missing.length === 0 ? undefined : `the harness lacks the faults ${missing.join(', ')}`
  }

/** Maximum time in which a half-open connection must be detected, in ms. */
const HALF_OPEN_LIMIT_MS = 15_000

/** Recovery from faults of the broker and its connections. */
export const faults: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-FLT-01',
    level: 'MUST',
    statement: 'A bus works again after its broker was killed and restarted, without intervention.',
    hint: 'Reconnect without limit, with a short jittered pause, and restore the subscriptions before reporting `resumed`.',
    skip: requiresFaults('kill', 'restart'),
    async run(context) {
      const { scope, subscriber } = await openSubscriber(context)
      await context.harness.faults?.kill?.()
      await context.shortPause()
      await context.harness.faults?.restart?.()
      await waitUntilReceivingAgain(context, scope, [subscriber])
    },
  },
  {
    id: 'BUS-FLT-02',
    level: 'MUST',
    statement: 'Two interruptions in quick succession have the same outcome as one.',
    hint: 'If the connection is lost during a reconnect, restart the reconnect: neither give up nor run two at once.',
    skip: requiresFaults('cut'),
    async run(context) {
      const { scope, subscriber } = await openSubscriber(context)
      await context.harness.faults?.cut?.()
      await context.harness.faults?.cut?.()
      await waitUntilReceivingAgain(context, scope, [subscriber])
      const before = subscriber.received.length
      const sent = [context.change('a')]
      await context.publish(scope, sent)
      await context.waitForDelivery(scope, [subscriber])
      const copies = subscriber.received.slice(before).filter(({ sequence }) => sequence === sent[0]?.sequence).length
      assertThat(
        copies === 1 || (copies > 0 && context.allowDuplicates),
        `a change after two reconnects: expected one copy, got ${copies}`,
      )
    },
  },
  {
    id: 'BUS-FLT-03',
    level: 'MUST',
    statement: 'A reconnect restores every subscription of every client, to sections and to keys.',
    hint: 'Keep the list of subscriptions in the adapter, and await each acknowledgement after a reconnect.',
    skip: requiresFaults('cut'),
    async run(context) {
      const [one, two] = [await context.open(), await context.open()]
      const sections = [
        context.section(),
        context.section(),
        { ...context.section(), key: 'a' },
        { ...context.section(), key: 'b' },
      ]
      const all: (readonly [(typeof sections)[number], RecordingSubscriber])[] = []
      for (const [at, scope] of sections.entries())
        all.push([
          scope,
          await context.subscribe(at % 2 === 0 ? one : two, scope, {
            client: `${at % 2 === 0 ? 'A' : 'B'} on ${JSON.stringify(scope)}`,
          }),
        ])
      await context.harness.faults?.cut?.()
      for (const [scope, subscriber] of all) await waitUntilReceivingAgain(context, scope, [subscriber])
    },
  },
  {
    id: 'BUS-FLT-04',
    level: 'MUST',
    statement:
      'A bus that may have lost changes reports `interrupted` when it disconnects and then `resumed` when it is live again.',
    hint: "Derive `onStatus` from the client's own events, and report `resumed` only when every subscription is live again.",
    skip: (context) => requiresFaults('cut')(context),
    async run(context) {
      const bus = await context.open()
      const statuses: BusStatus[] = []
      bus.onStatus((status) => statuses.push(status))
      const scope = context.section()
      const subscriber = await context.subscribe(bus, scope, { client: 'B' })
      statuses.splice(0, statuses.length, ...statuses.filter((status) => status !== 'connected'))
      await context.harness.faults?.cut?.()
      await context.waitUntil(
        () => statuses.includes('resumed'),
        () => `statuses after a cut connection: expected interrupted, resumed, got ${statuses.join(', ') || 'none'}`,
      )
      assertThat(
        statuses.indexOf('interrupted') >= 0 && statuses.indexOf('interrupted') < statuses.indexOf('resumed'),
        `statuses after a cut connection: expected interrupted, resumed, got ${statuses.join(', ')}`,
      )
      if (context.capabilities.live === 'at-once') {
        const sent = [context.change('a')]
        await context.publish(scope, sent)
        await context.waitUntil(
          () => subscriber.received.length > 0,
          'the first change after `resumed` was not received',
        )
      }
    },
  },
  {
    id: 'BUS-FLT-05',
    level: 'MUST',
    statement: 'A bus reports `interrupted` within 15 s if its broker freezes without closing the connection.',
    hint: "Set the client's ping interval and its limit, or a read timeout.",
    skip: requiresFaults('pause', 'resume'),
    async run(context) {
      const { scope, subscriber, bus } = await openSubscriber(context)
      const statuses: BusStatus[] = []
      bus.onStatus((status) => statuses.push(status))
      await context.harness.faults?.pause?.()
      try {
        await context.waitUntil(
          () => statuses.includes('interrupted'),
          `a frozen broker was not detected within ${HALF_OPEN_LIMIT_MS} ms`,
          HALF_OPEN_LIMIT_MS,
        )
      } finally {
        await context.harness.faults?.resume?.()
      }
      await waitUntilReceivingAgain(context, scope, [subscriber])
    },
  },
  {
    id: 'BUS-FLT-06',
    level: 'MUST',
    statement: 'While the broker is unavailable, `publish` waits or rejects as `whenDown` declares.',
    hint: "The client's offline queue decides this: disable it for 'reject'; for 'wait' it must survive the reconnect.",
    skip: requiresFaults('kill', 'restart'),
    async run(context) {
      const { scope, subscriber, bus } = await openSubscriber(context)
      await context.harness.faults?.kill?.()
      const change = context.change('a')
      const call = bus.publish(scope, [change])
      call.catch(() => {})
      if (context.capabilities.whenDown === 'reject') {
        const what = 'publish while the broker is unavailable'
        await assertRejects(context.withTimeout(call, what), what, 'SYNC_BUS_UNAVAILABLE')
        await context.harness.faults?.restart?.()
        return
      }
      let settled = false
      const settling = call.then(
        () => (settled = true),
        () => (settled = true),
      )
      await context.shortPause()
      await context.shortPause()
      const early = settled
      await context.harness.faults?.restart?.()
      await context.withTimeout(settling, 'publish after the restart')
      assertThat(!early, "whenDown 'wait': publish settled while the broker was unavailable")
      await call
      await context.waitUntil(
        () => subscriber.received.some(({ sequence }) => sequence === change.sequence),
        "whenDown 'wait': a waiting change was not received after the restart",
      )
    },
  },
  {
    id: 'BUS-FLT-07',
    level: 'MUST',
    statement: '`close` resolves during a reconnect, and the client stays closed.',
    hint: 'Cancel the retry timer first, and do not wait for a connection.',
    skip: requiresFaults('kill', 'restart'),
    async run(context) {
      const { bus, subscriber, scope } = await openSubscriber(context)
      const statuses: BusStatus[] = []
      bus.onStatus((status) => statuses.push(status))
      await context.harness.faults?.kill?.()
      await context.shortPause()
      await context.withTimeout(bus.close(), 'close while the broker is unavailable')
      await context.harness.faults?.restart?.()
      const received = subscriber.received.length
      const watching = await context.subscribe(await context.open(), scope, { client: 'watching' })
      const sent = [context.change('a')]
      await context.publish(scope, sent)
      await context.waitUntil(() => watching.received.length > 0, 'no change was received after the restart')
      assertThat(
        subscriber.received.length === received,
        'a client that was closed while the broker was unavailable received a change after the restart',
      )
      assertThat(
        statuses.at(-1) === 'closed',
        `the last status of a closed client: expected closed, got ${statuses.at(-1)}`,
      )
    },
  },
  {
    id: 'BUS-FLT-08',
    level: 'MUST',
    statement: 'Every subscription continues when another node takes over.',
    hint: 'State on one node (a consumer, a subscription) must be re-created when that node is lost.',
    skip: requiresFaults('failOver'),
    async run(context) {
      const { scope, subscriber } = await openSubscriber(context)
      await context.harness.faults?.failOver?.()
      await waitUntilReceivingAgain(context, scope, [subscriber])
    },
  },
]

async function openSubscriber(context: BusTestContext) {
  const scope = context.section()
  const bus = await context.open()
  const subscriber = await context.subscribe(bus, scope, { client: 'B' })
  return { scope, bus, subscriber }
}

/** Waits until each subscriber receives changes again; publishing may still reject for a while. */
async function waitUntilReceivingAgain(
  context: BusTestContext,
  scope: Parameters<BusTestContext['publish']>[0],
  subscribers: readonly RecordingSubscriber[],
): Promise<void> {
  let next = 0
  for (const { client, received } of subscribers) {
    const before = received.length
    await context.waitUntil(
      async () => {
        if (context.now() >= next) {
          next = context.now() + 100
          await context.withTimeout(
            context.bus.publish(scope, [context.change('again')]).catch(() => {}),
            'publish',
          )
        }
        return received.length > before
      },
      `the subscription of ${client} receives nothing, although the broker is available again`,
      context.stateTimeout * 4,
    )
  }
}
