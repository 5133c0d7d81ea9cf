import type { BusStatus } from '@sync/core/adapter'
import { demand, demandRefusal } from '../../judge/violation.ts'
import type { BusStage, Listener } from '../../stage/bus-stage.ts'
import type { Rule } from '../rule.ts'

const needs =
  (...names: readonly ('kill' | 'restart' | 'pause' | 'resume' | 'cut' | 'failOver')[]) =>
  ({ harness: { faults } }: BusStage): string | undefined => {
    const missing = names.filter((name) => !faults?.[name])
    return missing.length === 0 ? undefined : `the harness cannot ${missing.join(', ')}`
  }

/** How soon a half-open connection has to be noticed, in ms. */
const HALF_OPEN_BOUND = 15_000

/** What a broker does to its clients, and what they make of it. */
export const faults: readonly Rule<BusStage>[] = [
  {
    id: 'BUS-FLT-01',
    level: 'MUST',
    sentence: 'After the broker was killed and started again everything works, without any help.',
    hint: 'Reconnect for ever, with a short jittered pause; subscribe again before saying so.',
    skip: needs('kill', 'restart'),
    async run(stage) {
      const { scope, listener } = await listening(stage)
      await stage.harness.faults?.kill?.()
      await stage.moment()
      await stage.harness.faults?.restart?.()
      await hearsAgain(stage, scope, [listener])
    },
  },
  {
    id: 'BUS-FLT-02',
    level: 'MUST',
    sentence: 'Two interruptions in quick succession end as one does.',
    hint: 'A reconnect that is under way when the connection goes again has to begin anew, not to give up or run twice.',
    skip: needs('cut'),
    async run(stage) {
      const { scope, listener } = await listening(stage)
      await stage.harness.faults?.cut?.()
      await stage.harness.faults?.cut?.()
      await hearsAgain(stage, scope, [listener])
      const before = listener.heard.length
      const sent = [stage.change('a')]
      await stage.publish(scope, sent)
      await stage.drained(scope, [listener])
      const copies = listener.heard.slice(before).filter(({ sequence }) => sequence === sent[0]?.sequence).length
      demand(copies === 1 || (copies > 0 && stage.repeats), `a change after two reconnects was heard ${copies} times`)
    },
  },
  {
    id: 'BUS-FLT-03',
    level: 'MUST',
    sentence: 'Every subscription is restored after a reconnect: of sections and of keys, of every client.',
    hint: 'Keep the list of what is subscribed in the adapter, and wait for each acknowledgement after a reconnect.',
    skip: needs('cut'),
    async run(stage) {
      const [one, two] = [await stage.open(), await stage.open()]
      const sections = [
        stage.section(),
        stage.section(),
        { ...stage.section(), key: 'a' },
        { ...stage.section(), key: 'b' },
      ]
      const all: (readonly [(typeof sections)[number], Listener])[] = []
      for (const [at, scope] of sections.entries())
        all.push([
          scope,
          await stage.listen(at % 2 === 0 ? one : two, scope, {
            client: `${at % 2 === 0 ? 'A' : 'B'} on ${JSON.stringify(scope)}`,
          }),
        ])
      await stage.harness.faults?.cut?.()
      for (const [scope, listener] of all) await hearsAgain(stage, scope, [listener])
    },
  },
  {
    id: 'BUS-FLT-04',
    level: 'MUST',
    sentence:
      'A bus that may have lost changes says so: `interrupted` when it goes, `resumed` when it is live again, in this order.',
    hint: "Tell `onStatus` from the client's own events, and `resumed` only when every subscription is live again.",
    skip: (stage) => needs('cut')(stage),
    async run(stage) {
      const bus = await stage.open()
      const told: BusStatus[] = []
      bus.onStatus((status) => told.push(status))
      const scope = stage.section()
      const listener = await stage.listen(bus, scope, { client: 'B' })
      told.splice(0, told.length, ...told.filter((status) => status !== 'connected'))
      await stage.harness.faults?.cut?.()
      await stage.until(
        () => told.includes('resumed'),
        () => `a cut connection was told as ${told.join(', ') || 'nothing'} in place of interrupted, resumed`,
      )
      demand(
        told.indexOf('interrupted') >= 0 && told.indexOf('interrupted') < told.indexOf('resumed'),
        `a cut connection was told as ${told.join(', ')} in place of interrupted, resumed`,
      )
      if (stage.capabilities.live === 'at-once') {
        const sent = [stage.change('a')]
        await stage.publish(scope, sent)
        await stage.until(() => listener.heard.length > 0, 'the first change after `resumed` was not heard')
      }
    },
  },
  {
    id: 'BUS-FLT-05',
    level: 'MUST',
    sentence: 'A half-open connection is noticed within 15 s: the bus says `interrupted` though nothing was closed.',
    hint: "Set the client's ping interval and its limit; a read time-out does as well.",
    skip: needs('pause', 'resume'),
    async run(stage) {
      const { scope, listener, bus } = await listening(stage)
      const told: BusStatus[] = []
      bus.onStatus((status) => told.push(status))
      await stage.harness.faults?.pause?.()
      try {
        await stage.until(
          () => told.includes('interrupted'),
          `a frozen broker was not noticed within ${HALF_OPEN_BOUND} ms`,
          HALF_OPEN_BOUND,
        )
      } finally {
        await stage.harness.faults?.resume?.()
      }
      await hearsAgain(stage, scope, [listener])
    },
  },
  {
    id: 'BUS-FLT-06',
    level: 'MUST',
    sentence: 'Publishing while the broker is down waits or rejects, as `whenDown` declares.',
    hint: "The client's offline queue decides: switch it off for 'reject'; for 'wait' it must survive the reconnect.",
    skip: needs('kill', 'restart'),
    async run(stage) {
      const { scope, listener, bus } = await listening(stage)
      await stage.harness.faults?.kill?.()
      const change = stage.change('a')
      const call = bus.publish(scope, [change])
      call.catch(() => {})
      if (stage.capabilities.whenDown === 'reject') {
        await demandRefusal(
          stage.settled(call, 'publish while the broker is away'),
          'publish while the broker is away',
          'SYNC_BUS_AWAY',
        )
        await stage.harness.faults?.restart?.()
        return
      }
      let over = false
      const watched = call.then(
        () => (over = true),
        () => (over = true),
      )
      await stage.moment()
      await stage.moment()
      const early = over
      await stage.harness.faults?.restart?.()
      await stage.settled(watched, 'publish after the restart')
      demand(!early, "whenDown 'wait': publish settled while the broker was away")
      await call
      await stage.until(
        () => listener.heard.some(({ sequence }) => sequence === change.sequence),
        "whenDown 'wait': what waited was not heard after the restart",
      )
    },
  },
  {
    id: 'BUS-FLT-07',
    level: 'MUST',
    sentence: '`close` during a reconnect resolves, and nothing goes on after it.',
    hint: 'End the retry timer first; do not wait for a connection that will not come.',
    skip: needs('kill', 'restart'),
    async run(stage) {
      const { bus, listener, scope } = await listening(stage)
      const told: BusStatus[] = []
      bus.onStatus((status) => told.push(status))
      await stage.harness.faults?.kill?.()
      await stage.moment()
      await stage.settled(bus.close(), 'close while the broker is away')
      await stage.harness.faults?.restart?.()
      const heard = listener.heard.length
      const watching = await stage.listen(await stage.open(), scope, { client: 'watching' })
      const sent = [stage.change('a')]
      await stage.publish(scope, sent)
      await stage.until(() => watching.heard.length > 0, 'nothing is heard after the restart')
      demand(listener.heard.length === heard, 'a client that was closed while the broker was away came back')
      demand(told.at(-1) === 'closed', `the last status of a closed client is ${told.at(-1)}`)
    },
  },
  {
    id: 'BUS-FLT-08',
    level: 'MUST',
    sentence: 'When another node takes over, every subscription goes on there.',
    hint: 'State that lives on one node (a consumer, a subscription) has to be made again when that node is gone.',
    skip: needs('failOver'),
    async run(stage) {
      const { scope, listener } = await listening(stage)
      await stage.harness.faults?.failOver?.()
      await hearsAgain(stage, scope, [listener])
    },
  },
]

async function listening(stage: BusStage) {
  const scope = stage.section()
  const bus = await stage.open()
  const listener = await stage.listen(bus, scope, { client: 'B' })
  return { scope, bus, listener }
}

/** Waits until what is published comes through again; publishing may be refused for a while. */
async function hearsAgain(
  stage: BusStage,
  scope: Parameters<BusStage['publish']>[0],
  listeners: readonly Listener[],
): Promise<void> {
  let next = 0
  for (const { client, heard } of listeners) {
    const before = heard.length
    await stage.until(
      async () => {
        if (stage.now() >= next) {
          next = stage.now() + 100
          await stage.settled(
            stage.bus.publish(scope, [stage.change('again')]).catch(() => {}),
            'publish',
          )
        }
        return heard.length > before
      },
      `the subscription of ${client} is dead: nothing is heard after the broker is back`,
      stage.patience * 4,
    )
  }
}
