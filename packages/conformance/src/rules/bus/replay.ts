import { assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext, RecordingSubscriber } from '../../context/bus-test-context.ts'
import type { Rule } from '../rule.ts'

const requiresOffsets = ({ capabilities }: BusTestContext): string | undefined =>
  capabilities.replay === 'from-offset' ? undefined : `replay '${capabilities.replay}' has no offsets`

/** Reading again what has been sent. */
export const replay: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-REP-01',
    level: 'MUST',
    statement: 'From an offset on everything comes, without a hole.',
    hint: 'Begin right after the offset; hand over in one order what is read and what is live.',
    skip: requiresOffsets,
    async run(context) {
      const { sent, subscriber, scope } = await publishAndReceive(context, 30)
      for (const at of [0, 13, 29]) {
        const again = await context.subscribe(await context.open(), scope, {
          client: `from ${at}`,
          after: offsetOf(subscriber, at),
        })
        await context.expectAllReceived(again, sent.slice(at + 1), { allowDuplicates: true })
        const early = again.received.find(({ sequence }) => sequence < (sent[Math.max(0, at - 5)]?.sequence ?? 0))
        assertThat(!early, `repeats are not bounded: from #${at + 1} on came ${early?.sequence}`)
        await again.stop()
      }
    },
  },
  {
    id: 'BUS-REP-02',
    level: 'MUST',
    statement: 'An offset is a text that survives being written down, and serves another client.',
    hint: 'Nothing of this process may be in an offset or missing from it.',
    skip: requiresOffsets,
    async run(context) {
      const { sent, subscriber, scope } = await publishAndReceive(context, 10)
      const offset = offsetOf(subscriber, 4)
      assertThat(typeof offset === 'string' && offset !== '', 'an offset is a non-empty text')
      const read: unknown = JSON.parse(JSON.stringify(offset))
      const again = await context.subscribe(await context.open(), scope, { client: 'B', after: String(read) })
      await context.expectAllReceived(again, sent.slice(5), { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-REP-03',
    level: 'MUST',
    statement:
      'An offset that is no longer kept is refused with SYNC_OFFSET_LOST, or everything after it comes: never a hole.',
    hint: "Compare the offset with the oldest entry and with the stream's own identity: a trimmed or new stream says nothing by itself.",
    skip: requiresOffsets,
    async run(context) {
      const scope = context.section()
      const subscriber = await context.subscribe(await context.open(), scope, { client: 'A' })
      const sent = Array.from({ length: 300 }, () => context.change('a'))
      for (let at = 0; at < sent.length; at += 10) await context.publish(scope, sent.slice(at, at + 10))
      await context.expectAllReceived(subscriber, sent, { allowDuplicates: true })
      const bus = await context.open()
      const after = offsetOf(subscriber, 0)
      const received: number[] = []
      const call = bus.subscribe(scope, (frame) => received.push(String(frame).length), { after })
      const outcome = await context.withTimeout(
        call.then(
          () => 'subscribed',
          (error: unknown) => error,
        ),
        'subscribe from an old offset',
      )
      if (outcome !== 'subscribed') {
        await assertRejects(Promise.reject(outcome), 'subscribe from an offset that is gone', 'SYNC_OFFSET_LOST')
        return
      }
      await context.waitUntil(
        () => received.length >= sent.length - 1,
        () => `an old offset was taken, but only ${received.length} of ${sent.length - 1} changes after it came`,
      )
    },
  },
  {
    id: 'BUS-REP-04',
    level: 'MUST',
    statement: 'A text that is no offset is refused; where there is no replay every offset is.',
    hint: 'Read an offset strictly, and compare it with the log before subscribing.',
    async run(context) {
      const scope = context.section()
      const what = (after: string): string => `subscribe from the offset ${JSON.stringify(after)}`
      const bad = ['', 'nonsense', '-1', '1e9', '{}', '../0']
      for (const after of bad)
        await assertRejects(
          context.withTimeout(
            context.bus.subscribe(scope, () => {}, { after }),
            what(after),
          ),
          what(after),
        )
    },
  },
  {
    id: 'BUS-REP-05',
    level: 'MUST',
    statement: 'What is read again and what is live join without a hole and in order.',
    hint: 'Listen first, read up to where listening began, then go on: or read from one cursor only.',
    skip: requiresOffsets,
    async run(context) {
      const { sent, subscriber, scope } = await publishAndReceive(context, 20)
      const live = Array.from({ length: 40 }, () => context.change('a'))
      const publishing = (async () => {
        for (const [at, change] of live.entries()) {
          if (at % 4 === 0) await context.shortPause()
          await context.bus.publish(scope, [change])
        }
      })()
      const again = await context.subscribe(await context.open(), scope, {
        client: 'B',
        after: offsetOf(subscriber, 4),
      })
      await context.withTimeout(publishing, 'publish')
      await context.expectAllReceived(again, [...sent.slice(5), ...live], { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-REP-06',
    level: 'MUST',
    statement: 'Removals are read again like every change.',
    hint: 'Compaction or "last per key" must not drop a change that carries no value.',
    skip: requiresOffsets,
    async run(context) {
      const { subscriber, scope } = await publishAndReceive(context, 3)
      const removal = { ...context.change('a') }
      const text = removal.text.replace(/\[\[.*\]\]\]$/, 'null]')
      await context.publish(scope, [{ ...removal, text }, context.change('b')])
      const again = await context.subscribe(await context.open(), scope, {
        client: 'B',
        after: offsetOf(subscriber, 2),
      })
      await context.waitUntil(
        () => again.received.length >= 2,
        () => `${again.received.length} of 2 changes came`,
      )
      assertThat(
        again.received.some(({ edits }) => edits === 'removed'),
        'the removal is not among what came',
      )
    },
  },
]

/** A listener that has heard `count` changes, each in a frame of its own. */
async function publishAndReceive(context: BusTestContext, count: number) {
  const scope = context.section()
  const subscriber = await context.subscribe(await context.open(), scope, { client: 'A' })
  const sent = Array.from({ length: count }, () => context.change('a'))
  await context.publish(scope, sent)
  await context.expectAllReceived(subscriber, sent)
  return { scope, subscriber, sent }
}

/** The offset of the frame with the change at a place; each had a frame of its own. */
function offsetOf({ frames, received }: RecordingSubscriber, at: number): string {
  const offset = frames[frames.length - received.length + at]?.offset
  assertThat(offset !== undefined, 'a frame came without an offset')
  return offset
}
