import { frames } from '@sync/core/adapter'
import { demand, demandEqual, demandRefusal } from '../../judge/violation.ts'
import type { BusStage } from '../../stage/bus-stage.ts'
import type { Rule } from '../rule.ts'

/** What arrives, and what the publisher is told. */
export const delivery: readonly Rule<BusStage>[] = [
  {
    id: 'BUS-DEL-01',
    level: 'MUST',
    sentence: 'While the connection stands nothing is lost, in single changes or in batches.',
    hint: 'Look for a buffer that overflows in silence, a first or last message treated otherwise, a frame cut short.',
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 200 }, (_, n) => stage.change(`k${n % 7}`))
      await stage.publish(scope, sent.slice(0, 120))
      for (let at = 120; at < 200; at += 8)
        await stage.settled(stage.bus.publish(scope, sent.slice(at, at + 8)), 'publish')
      await stage.expectAll(listener, sent, { repeats: true })
    },
  },
  {
    id: 'BUS-DEL-02',
    level: 'MUST',
    sentence: "A bus that declares 'at-most-once' repeats nothing; one that repeats declares 'at-least-once'.",
    hint: "Declare delivery 'at-least-once', or find out what sends or hands over twice.",
    skip: ({ repeats }) =>
      repeats ? "delivery 'at-least-once' may repeat; the stack's rule is SYNC-MRG-02" : undefined,
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 60 }, () => stage.change('a'))
      await stage.publish(scope, sent)
      await stage.drained(scope, [listener])
      await stage.expectAll(listener, sent)
    },
  },
  {
    id: 'BUS-DEL-03',
    level: 'MUST',
    sentence: 'Nothing comes from another key, section or partition.',
    hint: 'The whole address decides: look at how it is joined into a channel, subject or topic, and at filters by prefix.',
    async run(stage) {
      const { namespace } = stage.harness
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
      const bus = await stage.open()
      const listeners = await Promise.all(
        scopes.map((scope) => stage.listen(bus, scope, { client: JSON.stringify(scope) })),
      )
      const sent = scopes.map((_, at) => stage.change(`to ${at}`))
      for (const [at, scope] of scopes.entries()) await stage.publish(scope, [sent[at] ?? stage.change('none')])
      for (const [at, scope] of scopes.entries()) await stage.drained(scope, [listeners[at] ?? raise()])
      for (const [at, { heard, client }] of listeners.entries()) {
        const foreign = heard.find(({ key }) => key !== `to ${at}`)
        demand(
          !foreign,
          () =>
            `the subscriber of ${client} heard what was published ${foreign?.key.replace('to ', 'to the scope ')}: ${JSON.stringify(scopes[Number(foreign?.key.slice(3))])}`,
        )
        demand(heard.length > 0, `the subscriber of ${client} heard nothing`)
      }
    },
  },
  {
    id: 'BUS-DEL-04',
    level: 'MUST',
    sentence: 'What was published when `publish` resolved survives what the declared durability says it survives.',
    hint: 'Resolve only at the acknowledgement that `durability` names, or declare less.',
    skip: ({ capabilities, harness }) => {
      if (capabilities.durability === 'sent') return "durability 'sent' promises nothing beyond the send"
      if (capabilities.replay !== 'from-offset') return 'without replay nobody can ask afterwards'
      return harness.faults?.kill && harness.faults.restart ? undefined : 'the harness cannot kill the broker'
    },
    async run(stage) {
      const scope = stage.section()
      const first = await stage.listen(await stage.open(), scope, { client: 'A' })
      await stage.publish(scope, [stage.change('a')])
      await stage.until(() => first.heard.length > 0, 'nothing is heard')
      const after = first.frames.at(-1)?.offset
      await first.stop()
      const sent = Array.from({ length: 10 }, () => stage.change('a'))
      await stage.publish(scope, sent)
      await stage.harness.faults?.kill?.()
      await stage.harness.faults?.restart?.()
      const second = await stage.listen(await stage.open(), scope, {
        client: 'B',
        ...(after !== undefined && { after }),
      })
      await stage.expectAll(second, sent, { repeats: true })
    },
  },
  {
    id: 'BUS-DEL-05',
    level: 'MUST',
    sentence:
      'A publication that fails rejects with a typed error: retryable if the broker is away, SYNC_CLOSED after close.',
    hint: 'Await the send, and turn what the client throws into a SyncError (BusAwayError, ClosedError).',
    async run(stage) {
      const scope = stage.section()
      const bus = await stage.open()
      const { kill, restart } = stage.harness.faults ?? {}
      if (kill && restart && stage.capabilities.whenDown === 'reject') {
        await kill()
        const call = stage.settled(bus.publish(scope, [stage.change('a')]), 'publish while the broker is away')
        const error = await demandRefusal(call, 'publish while the broker is away', 'SYNC_BUS_AWAY')
        demand(error.retryable, 'publish while the broker is away: the error does not say that a retry may help')
        await restart()
      }
      await stage.settled(bus.close(), 'close')
      const call = stage.settled(bus.publish(scope, [stage.change('a')]), 'publish after close')
      await demandRefusal(call, 'publish after close', 'SYNC_CLOSED')
    },
  },
  {
    id: 'BUS-DEL-06',
    level: 'MUST',
    sentence: 'A handler is never called while it runs, and never from inside `publish`.',
    hint: 'Hand frames over in a turn of their own, one after another, never from within the call that publishes.',
    async run(stage) {
      const scope = stage.section()
      const bus = await stage.open()
      let inside = false
      let nested = false
      let publishing = false
      let atOnce = false
      let echoes = 0
      const listener = await stage.listen(bus, scope, {
        client: 'B',
        onChange() {
          nested ||= inside
          atOnce ||= publishing
          inside = true
          if (++echoes <= 5) void bus.publish(scope, [stage.change('a')]).catch(() => {})
          inside = false
        },
      })
      for (let n = 0; n < 5; n++) {
        publishing = true
        const sent = (n % 2 === 0 ? bus : stage.bus).publish(scope, [stage.change('a')])
        publishing = false
        await stage.settled(sent, 'publish')
      }
      await stage.until(() => listener.heard.length >= 5, `${listener.heard.length} of 5 changes came`)
      await stage.drained(scope, [listener])
      demand(!nested, 'the handler was called while it was still running')
      demand(!atOnce, 'the handler was called from within publish')
    },
  },
  {
    id: 'BUS-DEL-07',
    level: 'MUST',
    sentence: 'A subscription from the last handled offset delivers what was not finished at a crash.',
    hint: 'An offset is handed over with its frame, and says that this frame is done: the next one is sent again.',
    skip: ({ capabilities }) =>
      capabilities.replay === 'from-offset' ? undefined : `replay '${capabilities.replay}' has no offsets`,
    async run(stage) {
      const scope = stage.section()
      const crashing = await stage.open()
      const first = await stage.listen(crashing, scope, { client: 'A' })
      const sent = Array.from({ length: 10 }, () => stage.change('a'))
      await stage.publish(scope, sent)
      await stage.until(() => first.heard.length >= 10, 'not everything is heard')
      // four frames were handled, the fifth was in hand when the process ended
      const done = first.frames.filter(({ offset }) => offset !== undefined)
      demand(done.length >= 10, 'frames come without an offset')
      const after = offsetOf(first, sent[3]?.sequence ?? 0)
      await stage.settled(crashing.close(), 'close')
      const second = await stage.listen(await stage.open(), scope, { client: 'B', after })
      await stage.expectAll(second, sent.slice(4), { repeats: true })
    },
  },
  {
    id: 'BUS-DEL-08',
    level: 'MUST',
    sentence: 'A message that nobody can read is handed over like any other, and does not wedge the stream.',
    hint: "The bus sees bytes: what they mean is the core's business, also if they mean nothing.",
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      const before = stage.change('a')
      const poison = { ...stage.change('a'), text: '{not json' }
      const after = stage.change('a')
      await stage.publish(scope, [before, poison, after])
      await stage.until(
        () => listener.heard.some(({ sequence }) => sequence === after.sequence),
        () =>
          `what follows an unreadable message never came: got ${listener.heard.length} changes and ${listener.unreadable.length} unreadable frames`,
      )
      demand(
        listener.unreadable.length > 0,
        'the unreadable message was kept from the handler: its loss would not be noticed',
      )
    },
  },
  {
    id: 'BUS-DEL-09',
    level: 'MUST',
    sentence: 'An instance hears its own changes exactly if `echo` says so.',
    hint: 'Filter own messages, or declare `echo: true`.',
    async run(stage) {
      const scope = stage.section()
      const bus = await stage.open()
      const own = await stage.listen(bus, scope, { client: 'the publisher', asIs: true })
      const other = await stage.listen(await stage.open(), scope, { client: 'B' })
      const sent = Array.from({ length: 5 }, () => stage.change('a'))
      await stage.publish(scope, sent, bus)
      await stage.expectAll(other, sent, { repeats: true })
      await stage.drained(scope, [own, other])
      const heard = new Set(own.heard.map(({ sequence }) => sequence)).size
      if (stage.capabilities.echo) demandEqual(heard, sent.length, 'own changes heard, with `echo: true`')
      else demandEqual(heard, 0, 'own changes heard, with `echo: false`')
    },
  },
  {
    id: 'BUS-DEL-10',
    level: 'MUST',
    sentence: 'A batch larger than the payload limit is split, its order kept, and no frame is larger than the limit.',
    hint: "Use the core's `frames(changes, maxPayloadBytes)` for every call.",
    async run(stage) {
      const scope = stage.section()
      const { maxPayloadBytes } = stage.capabilities
      const listener = await stage.listen(await stage.open(), scope, { client: 'B' })
      // five changes make a frame too large, whatever the limit; their number is bounded by the limit's own size
      const whole = JSON.stringify('x'.repeat(Math.floor(maxPayloadBytes / 4)))
      const sent = Array.from({ length: 9 }, () => stage.change('a', whole))
      demand(frames(sent, maxPayloadBytes).length > 1, 'the batch is not too large')
      await stage.settled(stage.bus.publish(scope, sent), 'publish of a large batch')
      await stage.expectAll(listener, sent)
      const largest = Math.max(...listener.frames.map(({ size }) => size))
      demand(largest <= maxPayloadBytes, `a frame of ${largest} bytes came, ${maxPayloadBytes} is the declared limit`)
      const bare = listener.heard.find(({ edits }) => edits === 'omitted')
      demand(!bare, 'a change that would fit by itself came without its patch')
    },
  },
]

const raise = (): never => {
  throw new Error('no such listener')
}

/** The offset that came with the frame of a change. */
function offsetOf(
  {
    heard,
    frames: received,
  }: { heard: readonly { sequence: number }[]; frames: readonly { offset: string | undefined }[] },
  sequence: number,
): string {
  // one change per frame: they correspond from the end
  const at = heard.findIndex((change) => change.sequence === sequence)
  const offset = received[received.length - heard.length + at]?.offset
  demand(offset !== undefined, 'a frame came without an offset')
  return offset
}
