import { encodeFrames } from '@sync/core/adapter'
import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext } from '../../context/bus-test-context.ts'
import type { Rule } from '../rule.ts'

/** What arrives, and what the publisher is told. */
export const delivery: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-DEL-01',
    level: 'MUST',
    statement: 'While the connection stands nothing is lost, in single changes or in batches.',
    hint: 'Look for a buffer that overflows in silence, a first or last message treated otherwise, a frame cut short.',
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 200 }, (_, n) => context.change(`k${n % 7}`))
      await context.publish(scope, sent.slice(0, 120))
      for (let at = 120; at < 200; at += 8)
        await context.withTimeout(context.bus.publish(scope, sent.slice(at, at + 8)), 'publish')
      await context.expectAllReceived(subscriber, sent, { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-DEL-02',
    level: 'MUST',
    statement: "A bus that declares 'at-most-once' repeats nothing; one that repeats declares 'at-least-once'.",
    hint: "Declare delivery 'at-least-once', or find out what sends or hands over twice.",
    skip: ({ allowDuplicates }) =>
      allowDuplicates ? "delivery 'at-least-once' may repeat; the stack's rule is SYNC-MRG-02" : undefined,
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 60 }, () => context.change('a'))
      await context.publish(scope, sent)
      await context.waitForDelivery(scope, [subscriber])
      await context.expectAllReceived(subscriber, sent)
    },
  },
  {
    id: 'BUS-DEL-03',
    level: 'MUST',
    statement: 'Nothing comes from another key, section or partition.',
    hint: 'The whole address decides: look at how it is joined into a channel, subject or topic, and at filters by prefix.',
    async run(context) {
      const { namespace } = context.harness
      const of = (partition: string, section: string, key?: string) =>
        key === undefined ? { partition, section } : { partition, section, key }
      const scopes = [
        of(namespace, 's'),
        of(namespace, 's', 'a'),
        of(namespace, 's', 'ab'),
        of(namespace, 'sa'),
        of(namespace, 't'),
        of(`${namespace}x`, 's'),
        of(`${namespace}s`, 's', 'a'),
      ]
      const bus = await context.open()
      const subscribers = await Promise.all(
        scopes.map((scope) => context.subscribe(bus, scope, { client: JSON.stringify(scope) })),
      )
      const sent = scopes.map((_, at) => context.change(`to ${at}`))
      for (const [at, scope] of scopes.entries()) await context.publish(scope, [sent[at] ?? context.change('none')])
      for (const [at, scope] of scopes.entries()) await context.waitForDelivery(scope, [subscribers[at] ?? fail()])
      for (const [at, { received, client }] of subscribers.entries()) {
        const foreign = received.find(({ key }) => key !== `to ${at}`)
        assertThat(
          !foreign,
          () =>
            `the subscriber of ${client} heard what was published ${foreign?.key.replace('to ', 'to the scope ')}: ${JSON.stringify(scopes[Number(foreign?.key.slice(3))])}`,
        )
        assertThat(received.length > 0, `the subscriber of ${client} heard nothing`)
      }
    },
  },
  {
    id: 'BUS-DEL-04',
    level: 'MUST',
    statement: 'What was published when `publish` resolved survives what the declared durability says it survives.',
    hint: 'Resolve only at the acknowledgement that `durability` names, or declare less.',
    skip: ({ capabilities, harness }) => {
      if (capabilities.durability === 'sent') return "durability 'sent' promises nothing beyond the send"
      if (capabilities.replay !== 'from-offset') return 'without replay nobody can ask afterwards'
      return harness.faults?.kill && harness.faults.restart ? undefined : 'the harness cannot kill the broker'
    },
    async run(context) {
      const scope = context.section()
      const first = await context.subscribe(await context.open(), scope, { client: 'A' })
      await context.publish(scope, [context.change('a')])
      await context.waitUntil(() => first.received.length > 0, 'nothing is heard')
      const after = first.frames.at(-1)?.offset
      await first.stop()
      const sent = Array.from({ length: 10 }, () => context.change('a'))
      await context.publish(scope, sent)
      await context.harness.faults?.kill?.()
      await context.harness.faults?.restart?.()
      const second = await context.subscribe(await context.open(), scope, {
        client: 'B',
        ...(after !== undefined && { after }),
      })
      await context.expectAllReceived(second, sent, { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-DEL-05',
    level: 'MUST',
    statement:
      'A publication that fails rejects with a typed error: retryable if the broker is away, SYNC_CLOSED after close.',
    hint: 'Await the send, and turn what the client throws into a SyncError (BusUnavailableError, ClosedError).',
    async run(context) {
      const scope = context.section()
      const bus = await context.open()
      const { kill, restart } = context.harness.faults ?? {}
      if (kill && restart && context.capabilities.whenDown === 'reject') {
        await kill()
        const call = context.withTimeout(bus.publish(scope, [context.change('a')]), 'publish while the broker is away')
        const error = await assertRejects(call, 'publish while the broker is away', 'SYNC_BUS_UNAVAILABLE')
        assertThat(error.retryable, 'publish while the broker is away: the error does not say that a retry may help')
        await restart()
      }
      await context.withTimeout(bus.close(), 'close')
      const call = context.withTimeout(bus.publish(scope, [context.change('a')]), 'publish after close')
      await assertRejects(call, 'publish after close', 'SYNC_CLOSED')
    },
  },
  {
    id: 'BUS-DEL-06',
    level: 'MUST',
    statement: 'A handler is never called while it runs, and never from inside `publish`.',
    hint: 'Hand frames over in a turn of their own, one after another, never from within the call that publishes.',
    async run(context) {
      const scope = context.section()
      const bus = await context.open()
      let inside = false
      let nested = false
      let publishing = false
      let duringPublish = false
      let echoes = 0
      const subscriber = await context.subscribe(bus, scope, {
        client: 'B',
        onChange() {
          nested ||= inside
          duringPublish ||= publishing
          inside = true
          if (++echoes <= 5) void bus.publish(scope, [context.change('a')]).catch(() => {})
          inside = false
        },
      })
      for (let n = 0; n < 5; n++) {
        publishing = true
        const sent = (n % 2 === 0 ? bus : context.bus).publish(scope, [context.change('a')])
        publishing = false
        await context.withTimeout(sent, 'publish')
      }
      await context.waitUntil(() => subscriber.received.length >= 5, `${subscriber.received.length} of 5 changes came`)
      await context.waitForDelivery(scope, [subscriber])
      assertThat(!nested, 'the handler was called while it was still running')
      assertThat(!duringPublish, 'the handler was called from within publish')
    },
  },
  {
    id: 'BUS-DEL-07',
    level: 'MUST',
    statement: 'A subscription from the last handled offset delivers what was not finished at a crash.',
    hint: 'An offset is handed over with its frame, and says that this frame is done: the next one is sent again.',
    skip: ({ capabilities }) =>
      capabilities.replay === 'from-offset' ? undefined : `replay '${capabilities.replay}' has no offsets`,
    async run(context) {
      const scope = context.section()
      const crashing = await context.open()
      const first = await context.subscribe(crashing, scope, { client: 'A' })
      const sent = Array.from({ length: 10 }, () => context.change('a'))
      await context.publish(scope, sent)
      await context.waitUntil(() => first.received.length >= 10, 'not everything is heard')
      // four frames were handled, the fifth was in hand when the process ended
      const withOffset = first.frames.filter(({ offset }) => offset !== undefined)
      assertThat(withOffset.length >= 10, 'frames come without an offset')
      const after = offsetOf(first, sent[3]?.sequence ?? 0)
      await context.withTimeout(crashing.close(), 'close')
      const second = await context.subscribe(await context.open(), scope, { client: 'B', after })
      await context.expectAllReceived(second, sent.slice(4), { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-DEL-08',
    level: 'MUST',
    statement: 'A message that nobody can read is handed over like any other, and does not wedge the stream.',
    hint: "The bus sees bytes: what they mean is the core's business, also if they mean nothing.",
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      const before = context.change('a')
      const poison = { ...context.change('a'), text: '{not json' }
      const after = context.change('a')
      await context.publish(scope, [before, poison, after])
      await context.waitUntil(
        () => subscriber.received.some(({ sequence }) => sequence === after.sequence),
        () =>
          `what follows an unreadable message never came: got ${subscriber.received.length} changes and ${subscriber.undecodable.length} unreadable frames`,
      )
      assertThat(
        subscriber.undecodable.length > 0,
        'the unreadable message was kept from the handler: its loss would not be noticed',
      )
    },
  },
  {
    id: 'BUS-DEL-09',
    level: 'MUST',
    statement: 'An instance hears its own changes exactly if `echo` says so.',
    hint: 'Filter own messages, or declare `echo: true`.',
    async run(context) {
      const scope = context.section()
      const bus = await context.open()
      const own = await context.subscribe(bus, scope, { client: 'the publisher', skipLivenessProbe: true })
      const other = await context.subscribe(await context.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 5 }, () => context.change('a'))
      await context.publish(scope, sent, bus)
      await context.expectAllReceived(other, sent, { allowDuplicates: true })
      await context.waitForDelivery(scope, [own, other])
      const received = new Set(own.received.map(({ sequence }) => sequence)).size
      if (context.capabilities.echo) assertEqual(received, sent.length, 'own changes heard, with `echo: true`')
      else assertEqual(received, 0, 'own changes heard, with `echo: false`')
    },
  },
  {
    id: 'BUS-DEL-10',
    level: 'MUST',
    statement: 'A batch larger than the payload limit is split, its order kept, and no frame is larger than the limit.',
    hint: "Use the core's `frames(changes, maxPayloadBytes)` for every call.",
    async run(context) {
      const scope = context.section()
      const { maxPayloadBytes } = context.capabilities
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      // five changes make a frame too large, whatever the limit; their number is bounded by the limit's own size
      const whole = JSON.stringify('x'.repeat(Math.floor(maxPayloadBytes / 4)))
      const sent = Array.from({ length: 9 }, () => context.change('a', whole))
      assertThat(encodeFrames(sent, maxPayloadBytes).length > 1, 'the batch is not too large')
      await context.withTimeout(context.bus.publish(scope, sent), 'publish of a large batch')
      await context.expectAllReceived(subscriber, sent)
      const largest = Math.max(...subscriber.frames.map(({ size }) => size))
      assertThat(
        largest <= maxPayloadBytes,
        `a frame of ${largest} bytes came, ${maxPayloadBytes} is the declared limit`,
      )
      const stripped = subscriber.received.find(({ edits }) => edits === 'omitted')
      assertThat(!stripped, 'a change that would fit by itself came without its patch')
    },
  },
]

const fail = (): never => {
  throw new Error('no such listener')
}

/** The offset that came with the frame of a change. */
function offsetOf(
  {
    received,
    frames: receivedFrames,
  }: { received: readonly { sequence: number }[]; frames: readonly { offset: string | undefined }[] },
  sequence: number,
): string {
  // one change per frame: they correspond from the end
  const at = received.findIndex((change) => change.sequence === sequence)
  const offset = receivedFrames[receivedFrames.length - received.length + at]?.offset
  assertThat(offset !== undefined, 'a frame came without an offset')
  return offset
}
