import { assertRejects, assertThat } from '../../checkers/assertions.ts'
import type { BusTestContext, RecordingSubscriber } from '../../context/bus-test-context.ts'
import type { Rule } from '../rule.ts'

const requiresOffsets = ({ capabilities }: BusTestContext): string | undefined =>
  capabilities.replay === 'from-offset' ? undefined : `replay '${capabilities.replay}' does not support offsets`

/** Replay of published changes from an offset. */
export const replay: readonly Rule<BusTestContext>[] = [
  {
    id: 'BUS-REP-01',
    level: 'MUST',
    statement: 'A subscription after an offset receives every later change, without a gap.',
    hint: 'Start immediately after the offset, and deliver replayed and live changes in one order.',
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
        assertThat(!early, `replay from #${at + 1} starts too early: got ${early?.sequence}`)
        await again.stop()
      }
    },
  },
  {
    id: 'BUS-REP-02',
    level: 'MUST',
    statement: 'An offset is a non-empty string that survives serialization and works in another client.',
    hint: 'An offset must not refer to state of its process, and must be complete without it.',
    skip: requiresOffsets,
    async run(context) {
      const { sent, subscriber, scope } = await publishAndReceive(context, 10)
      const offset = offsetOf(subscriber, 4)
      assertThat(typeof offset === 'string' && offset !== '', 'offset: expected a non-empty string')
      const read: unknown = JSON.parse(JSON.stringify(offset))
      const again = await context.subscribe(await context.open(), scope, { client: 'B', after: String(read) })
      await context.expectAllReceived(again, sent.slice(5), { allowDuplicates: true })
    },
  },
  {
    id: 'BUS-REP-03',
    level: 'MUST',
    statement:
      'A subscription after an expired offset rejects with SYNC_OFFSET_LOST or receives every later change, never only some of them.',
    hint: "Compare the offset with the oldest entry and with the stream's identity: a trimmed or re-created stream does not report its gap.",
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
        'subscribe from an expired offset',
      )
      if (outcome !== 'subscribed') {
        await assertRejects(Promise.reject(outcome), 'subscribe from an expired offset', 'SYNC_OFFSET_LOST')
        return
      }
      await context.waitUntil(
        () => received.length >= sent.length - 1,
        () => `an expired offset was accepted, but only ${received.length} of ${sent.length - 1} later changes arrived`,
      )
    },
  },
  {
    id: 'BUS-REP-04',
    level: 'MUST',
    statement: '`subscribe` rejects a malformed offset, and any offset if the bus has no replay.',
    hint: 'Parse an offset strictly, and compare it with the log before subscribing.',
    async run(context) {
      const scope = context.section()
      const what = (after: string): string => `subscribe from the offset ${JSON.stringify(after)}`
      const malformed = ['', 'nonsense', '-1', '1e9', '{}', '../0']
      for (const after of malformed)
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
    statement: 'Replayed and live changes join in order and without a gap.',
    hint: 'Subscribe first, read up to the first live change, then continue; or read everything through one cursor.',
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
    statement: 'Removals are replayed like every other change.',
    hint: 'Compaction or "last value per key" must not drop a change without a value.',
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
        () => `received ${again.received.length} of 2 changes`,
      )
      assertThat(
        again.received.some(({ edits }) => edits === 'removed'),
        'the removal was not replayed',
      )
    },
  },
]

/** Publishes `count` changes, each in its own frame, and returns a subscriber that has received them. */
async function publishAndReceive(context: BusTestContext, count: number) {
  const scope = context.section()
  const subscriber = await context.subscribe(await context.open(), scope, { client: 'A' })
  const sent = Array.from({ length: count }, () => context.change('a'))
  await context.publish(scope, sent)
  await context.expectAllReceived(subscriber, sent)
  return { scope, subscriber, sent }
}

/** Returns the offset of the frame that carried the change at an index; each frame has one change. */
function offsetOf({ frames, received }: RecordingSubscriber, at: number): string {
  const offset = frames[frames.length - received.length + at]?.offset
  assertThat(offset !== undefined, 'a frame arrived without an offset')
  return offset
}
