import { encodeFrames } from '@sync/core/adapter'
import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext } from '../../context/bus-test-context.ts'
import type { Rule } from '../rule.ts'

/** Delivery to subscribers, and the outcome of `publish`. */
export const delivery: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-DEL-01',
    level: 'MUST',
    statement: 'A connected bus loses no change, whether it was published alone or in a batch.',
    hint: 'Look for a buffer that overflows silently, special treatment of the first or last message, or a truncated frame.',
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
    statement: "A bus that declares 'at-most-once' delivers no change twice.",
    hint: "Declare delivery 'at-least-once', or find the code that sends or delivers twice.",
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
    statement: 'A subscription receives no changes of another key, section or partition.',
    hint: 'Match the whole address: check how its parts are joined into a channel, subject or topic, and check filters by prefix.',
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
            `the subscriber of ${client} received a change published to ${JSON.stringify(scopes[Number(foreign?.key.slice(3))])}`,
        )
        assertThat(received.length > 0, `the subscriber of ${client} received nothing`)
      }
    },
  },
  {
    id: 'BUS-DEL-04',
    level: 'MUST',
    statement: 'Once `publish` has resolved, the change survives what the declared durability names.',
    hint: 'Resolve only at the acknowledgement that `durability` names, or declare less.',
    skip: ({ capabilities, harness }) => {
      if (capabilities.durability === 'sent') return "durability 'sent' promises nothing after the send"
      if (capabilities.replay !== 'from-offset') return 'without replay the changes cannot be read afterwards'
      return harness.faults?.kill && harness.faults.restart ? undefined : 'the harness cannot kill the broker'
    },
    async run(context) {
      const scope = context.section()
      const first = await context.subscribe(await context.open(), scope, { client: 'A' })
      await context.publish(scope, [context.change('a')])
      await context.waitUntil(() => first.received.length > 0, 'no change was received')
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
      'A failed publication rejects with a typed error: retryable if the broker is unavailable, SYNC_CLOSED after `close`.',
    hint: "Await the send, and convert the client's error to a SyncError (BusUnavailableError, ClosedError).",
    async run(context) {
      const scope = context.section()
      const bus = await context.open()
      const { kill, restart } = context.harness.faults ?? {}
      if (kill && restart && context.capabilities.whenDown === 'reject') {
        await kill()
        const what = 'publish while the broker is unavailable'
        const call = context.withTimeout(bus.publish(scope, [context.change('a')]), what)
        const error = await assertRejects(call, what, 'SYNC_BUS_UNAVAILABLE')
        assertThat(error.retryable, `${what}: expected a retryable error, got ${error.code} with retryable: false`)
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
    statement: 'A handler is never called re-entrantly, and never from within `publish`.',
    hint: 'Deliver frames one after another in a turn of their own, never from within the publishing call.',
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
      await context.waitUntil(
        () => subscriber.received.length >= 5,
        () => `received ${subscriber.received.length} of 5 changes`,
      )
      await context.waitForDelivery(scope, [subscriber])
      assertThat(!nested, 'the handler was called re-entrantly')
      assertThat(!duringPublish, 'the handler was called from within publish')
    },
  },
  {
    id: 'BUS-DEL-07',
    level: 'MUST',
    statement: 'A subscription after the offset of the last handled frame receives every later change.',
    hint: 'Pass each offset along with its frame. It means that this frame was handled: replay starts with the next one.',
    skip: ({ capabilities }) =>
      capabilities.replay === 'from-offset' ? undefined : `replay '${capabilities.replay}' does not support offsets`,
    async run(context) {
      const scope = context.section()
      const crashing = await context.open()
      const first = await context.subscribe(crashing, scope, { client: 'A' })
      const sent = Array.from({ length: 10 }, () => context.change('a'))
      await context.publish(scope, sent)
      await context.waitUntil(
        () => first.received.length >= 10,
        () => `received ${first.received.length} of 10 changes`,
      )
      // Four frames were handled; the process crashed while it handled the fifth.
      const withOffset = first.frames.filter(({ offset }) => offset !== undefined)
      assertThat(withOffset.length >= 10, 'frames arrive without an offset')
      const after = offsetOf(first, sent[3]?.sequence ?? 0)
      await context.withTimeout(crashing.close(), 'close')
      const second = await context.subscribe(await context.open(), scope, { client: 'B', after })
      await context.expectAllReceived(second, sent.slice(4), { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-DEL-08',
    level: 'MUST',
    statement: 'A malformed message reaches the handler like any other, and later messages still arrive.',
    hint: "A bus transports bytes; interpreting them is the core's job, malformed ones included.",
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
          `the change after a malformed message was not received: got ${subscriber.received.length} changes and ${subscriber.undecodable.length} malformed frames`,
      )
      assertThat(
        subscriber.undecodable.length > 0,
        'a malformed message did not reach the handler, so its loss would not be detected',
      )
    },
  },
  {
    id: 'BUS-DEL-09',
    level: 'MUST',
    statement: 'A client receives its own changes if and only if `echo` is true.',
    hint: "Filter out a client's own messages, or declare `echo: true`.",
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
      if (context.capabilities.echo) assertEqual(received, sent.length, 'own changes received with `echo: true`')
      else assertEqual(received, 0, 'own changes received with `echo: false`')
    },
  },
  {
    id: 'BUS-DEL-10',
    level: 'MUST',
    statement: 'A batch larger than the payload limit is split in order, and no frame exceeds the limit.',
    hint: "Call the core's `encodeFrames(changes, maxPayloadBytes)` for every publication.",
    async run(context) {
      const scope = context.section()
      const { maxPayloadBytes } = context.capabilities
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'B' })
      // Each change takes a quarter of the limit, so that a fixed number of changes exceeds any limit.
      const whole = JSON.stringify('x'.repeat(Math.floor(maxPayloadBytes / 4)))
      const sent = Array.from({ length: 9 }, () => context.change('a', whole))
      assertThat(encodeFrames(sent, maxPayloadBytes).length > 1, 'the batch of this rule fits into one frame')
      await context.withTimeout(context.bus.publish(scope, sent), 'publish of a large batch')
      await context.expectAllReceived(subscriber, sent)
      const largest = Math.max(...subscriber.frames.map(({ size }) => size))
      assertThat(
        largest <= maxPayloadBytes,
        `expected frames of at most ${maxPayloadBytes} bytes, got one of ${largest} bytes`,
      )
      const stripped = subscriber.received.find(({ edits }) => edits === 'omitted')
      assertThat(!stripped, 'a change that fits into a frame arrived without its patch')
    },
  },
]

const fail = (): never => {
  throw new Error('no such subscriber')
}

/** Returns the offset of the frame that carried a change. */
function offsetOf(
  {
    received,
    frames: receivedFrames,
  }: { received: readonly { sequence: number }[]; frames: readonly { offset: string | undefined }[] },
  sequence: number,
): string {
  // Each frame has one change, so that both lists correspond from their ends.
  const at = received.findIndex((change) => change.sequence === sequence)
  const offset = receivedFrames[receivedFrames.length - received.length + at]?.offset
  assertThat(offset !== undefined, 'a frame arrived without an offset')
  return offset
}
