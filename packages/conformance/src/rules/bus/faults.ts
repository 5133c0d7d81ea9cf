import type { BusStatus } from '@sync/core/adapter'
import { assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext, RecordingSubscriber } from '../../context/bus-test-context.ts'
import type { Rule } from '../rule.ts'

const requiresFaults =
  (...names: readonly ('kill' | 'restart' | 'pause' | 'resume' | 'cut' | 'failOver')[]) =>
  ({ harness: { faults } }: BusTestContext): string | undefined => {
    const missing = names.filter((name) => !faults?.[name])
    return missing.length === 0 ? undefined : `the harness cannot ${missing.join(', ')}`
  }

/** How soon a half-open connection has to be noticed, in ms. */
const HALF_OPEN_LIMIT_MS = 15_000

/** What a broker does to its clients, and what they make of it. */
export const faults: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-FLT-01',
    level: 'MUST',
    statement: 'After the broker was killed and started again everything works, without any help.',
    hint: 'Reconnect for ever, with a short jittered pause; subscribe again before saying so.',
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
    statement: 'Two interruptions in quick succession end as one does.',
    hint: 'A reconnect that is under way when the connection goes again has to begin anew, not to give up or run twice.',
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
        `a change after two reconnects was heard ${copies} times`,
      )
    },
  },
  {
    id: 'BUS-FLT-03',
    level: 'MUST',
    statement: 'Every subscription is restored after a reconnect: of sections and of keys, of every client.',
    hint: 'Keep the list of what is subscribed in the adapter, and wait for each acknowledgement after a reconnect.',
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
      'A bus that may have lost changes says so: `interrupted` when it goes, `resumed` when it is live again, in this order.',
    hint: "Tell `onStatus` from the client's own events, and `resumed` only when every subscription is live again.",
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
        () => `a cut connection was told as ${statuses.join(', ') || 'nothing'} in place of interrupted, resumed`,
      )
      assertThat(
        statuses.indexOf('interrupted') >= 0 && statuses.indexOf('interrupted') < statuses.indexOf('resumed'),
        `a cut connection was told as ${statuses.join(', ')} in place of interrupted, resumed`,
      )
      if (context.capabilities.live === 'at-once') {
        const sent = [context.change('a')]
        await context.publish(scope, sent)
        await context.waitUntil(() => subscriber.received.length > 0, 'the first change after `resumed` was not heard')
      }
    },
  },
  {
    id: 'BUS-FLT-05',
    level: 'MUST',
    statement: 'A half-open connection is noticed within 15 s: the bus says `interrupted` though nothing was closed.',
    hint: "Set the client's ping interval and its limit; a read time-out does as well.",
    skip: requiresFaults('pause', 'resume'),
    async run(context) {
      const { scope, subscriber, bus } = await openSubscriber(context)
      const statuses: BusStatus[] = []
      bus.onStatus((status) => statuses.push(status))
      await context.harness.faults?.pause?.()
      try {
        await context.waitUntil(
          () => statuses.includes('interrupted'),
          `a frozen broker was not noticed within ${HALF_OPEN_LIMIT_MS} ms`,
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
    statement: 'Publishing while the broker is down waits or rejects, as `whenDown` declares.',
    hint: "The client's offline queue decides: switch it off for 'reject'; for 'wait' it must survive the reconnect.",
    skip: requiresFaults('kill', 'restart'),
    async run(context) {
      const { scope, subscriber, bus } = await openSubscriber(context)
      await context.harness.faults?.kill?.()
      const change = context.change('a')
      const call = bus.publish(scope, [change])
      call.catch(() => {})
      if (context.capabilities.whenDown === 'reject') {
        await assertRejects(
          context.withTimeout(call, 'publish while the broker is away'),
          'publish while the broker is away',
          'SYNC_BUS_UNAVAILABLE',
        )
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
      assertThat(!early, "whenDown 'wait': publish settled while the broker was away")
      await call
      await context.waitUntil(
        () => subscriber.received.some(({ sequence }) => sequence === change.sequence),
        "whenDown 'wait': what waited was not heard after the restart",
      )
    },
  },
  {
    id: 'BUS-FLT-07',
    level: 'MUST',
    statement: '`close` during a reconnect resolves, and nothing goes on after it.',
    hint: 'End the retry timer first; do not wait for a connection that will not come.',
    skip: requiresFaults('kill', 'restart'),
    async run(context) {
      const { bus, subscriber, scope } = await openSubscriber(context)
      const statuses: BusStatus[] = []
      bus.onStatus((status) => statuses.push(status))
      await context.harness.faults?.kill?.()
      await context.shortPause()
      await context.withTimeout(bus.close(), 'close while the broker is away')
      await context.harness.faults?.restart?.()
      const received = subscriber.received.length
      const watching = await context.subscribe(await context.open(), scope, { client: 'watching' })
      const sent = [context.change('a')]
      await context.publish(scope, sent)
      await context.waitUntil(() => watching.received.length > 0, 'nothing is heard after the restart')
      assertThat(
        subscriber.received.length === received,
        'a client that was closed while the broker was away came back',
      )
      assertThat(statuses.at(-1) === 'closed', `the last status of a closed client is ${statuses.at(-1)}`)
    },
  },
  {
    id: 'BUS-FLT-08',
    level: 'MUST',
    statement: 'When another node takes over, every subscription goes on there.',
    hint: 'State that lives on one node (a consumer, a subscription) has to be made again when that node is gone.',
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

/** Waits until what is published comes through again; publishing may be refused for a while. */
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
      `the subscription of ${client} is dead: nothing is heard after the broker is back`,
      context.stateTimeout * 4,
    )
  }
}
