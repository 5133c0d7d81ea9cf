import { demand, demandRefusal } from '../../judge/violation.ts'
import type { BusStage, Listener } from '../../stage/bus-stage.ts'
import type { Rule } from '../rule.ts'

const offsets = ({ capabilities }: BusStage): string | undefined =>
  capabilities.replay === 'from-offset' ? undefined : `replay '${capabilities.replay}' has no offsets`

/** Reading again what has been sent. */
export const replay: readonly Rule<BusStage>[] = [
  {
    id: 'BUS-REP-01',
    level: 'MUST',
    sentence: 'From an offset on everything comes, without a hole.',
    hint: 'Begin right after the offset; hand over in one order what is read and what is live.',
    skip: offsets,
    async run(stage) {
      const { sent, listener, scope } = await recorded(stage, 30)
      for (const at of [0, 13, 29]) {
        const again = await stage.listen(await stage.open(), scope, {
          client: `from ${at}`,
          after: offsetOf(listener, at),
        })
        await stage.expectAll(again, sent.slice(at + 1), { repeats: true })
        const early = again.heard.find(({ sequence }) => sequence < (sent[Math.max(0, at - 5)]?.sequence ?? 0))
        demand(!early, `repeats are not bounded: from #${at + 1} on came ${early?.sequence}`)
        await again.stop()
      }
    },
  },
  {
    id: 'BUS-REP-02',
    level: 'MUST',
    sentence: 'An offset is a text that survives being written down, and serves another client.',
    hint: 'Nothing of this process may be in an offset or missing from it.',
    skip: offsets,
    async run(stage) {
      const { sent, listener, scope } = await recorded(stage, 10)
      const offset = offsetOf(listener, 4)
      demand(typeof offset === 'string' && offset !== '', 'an offset is a non-empty text')
      const read: unknown = JSON.parse(JSON.stringify(offset))
      const again = await stage.listen(await stage.open(), scope, { client: 'B', after: String(read) })
      await stage.expectAll(again, sent.slice(5), { repeats: true })
    },
  },
  {
    id: 'BUS-REP-03',
    level: 'MUST',
    sentence:
      'An offset that is no longer kept is refused with SYNC_OFFSET_LOST, or everything after it comes: never a hole.',
    hint: "Compare the offset with the oldest entry and with the stream's own identity: a trimmed or new stream says nothing by itself.",
    skip: offsets,
    async run(stage) {
      const scope = stage.section()
      const listener = await stage.listen(await stage.open(), scope, { client: 'A' })
      const sent = Array.from({ length: 300 }, () => stage.change('a'))
      for (let at = 0; at < sent.length; at += 10) await stage.publish(scope, sent.slice(at, at + 10))
      await stage.expectAll(listener, sent, { repeats: true })
      const bus = await stage.open()
      const after = offsetOf(listener, 0)
      const heard: number[] = []
      const call = bus.subscribe(scope, (frame) => heard.push(String(frame).length), { after })
      const outcome = await stage.settled(
        call.then(
          () => 'subscribed',
          (error: unknown) => error,
        ),
        'subscribe from an old offset',
      )
      if (outcome !== 'subscribed') {
        await demandRefusal(Promise.reject(outcome), 'subscribe from an offset that is gone', 'SYNC_OFFSET_LOST')
        return
      }
      await stage.until(
        () => heard.length >= sent.length - 1,
        () => `an old offset was taken, but only ${heard.length} of ${sent.length - 1} changes after it came`,
      )
    },
  },
  {
    id: 'BUS-REP-04',
    level: 'MUST',
    sentence: 'A text that is no offset is refused; where there is no replay every offset is.',
    hint: 'Read an offset strictly, and compare it with the log before subscribing.',
    async run(stage) {
      const scope = stage.section()
      const what = (after: string): string => `subscribe from the offset ${JSON.stringify(after)}`
      const bad = ['', 'nonsense', '-1', '1e9', '{}', '../0']
      for (const after of bad)
        await demandRefusal(
          stage.settled(
            stage.bus.subscribe(scope, () => {}, { after }),
            what(after),
          ),
          what(after),
        )
    },
  },
  {
    id: 'BUS-REP-05',
    level: 'MUST',
    sentence: 'What is read again and what is live join without a hole and in order.',
    hint: 'Listen first, read up to where listening began, then go on: or read from one cursor only.',
    skip: offsets,
    async run(stage) {
      const { sent, listener, scope } = await recorded(stage, 20)
      const live = Array.from({ length: 40 }, () => stage.change('a'))
      const publishing = (async () => {
        for (const [at, change] of live.entries()) {
          if (at % 4 === 0) await stage.moment()
          await stage.bus.publish(scope, [change])
        }
      })()
      const again = await stage.listen(await stage.open(), scope, { client: 'B', after: offsetOf(listener, 4) })
      await stage.settled(publishing, 'publish')
      await stage.expectAll(again, [...sent.slice(5), ...live], { repeats: true })
    },
  },
  {
    id: 'BUS-REP-06',
    level: 'MUST',
    sentence: 'Removals are read again like every change.',
    hint: 'Compaction or "last per key" must not drop a change that carries no value.',
    skip: offsets,
    async run(stage) {
      const { listener, scope } = await recorded(stage, 3)
      const removal = { ...stage.change('a') }
      const text = removal.text.replace(/\[\[.*\]\]\]$/, 'null]')
      await stage.publish(scope, [{ ...removal, text }, stage.change('b')])
      const again = await stage.listen(await stage.open(), scope, { client: 'B', after: offsetOf(listener, 2) })
      await stage.until(
        () => again.heard.length >= 2,
        () => `${again.heard.length} of 2 changes came`,
      )
      demand(
        again.heard.some(({ edits }) => edits === 'removed'),
        'the removal is not among what came',
      )
    },
  },
]

/** A listener that has heard `count` changes, each in a frame of its own. */
async function recorded(stage: BusStage, count: number) {
  const scope = stage.section()
  const listener = await stage.listen(await stage.open(), scope, { client: 'A' })
  const sent = Array.from({ length: count }, () => stage.change('a'))
  await stage.publish(scope, sent)
  await stage.expectAll(listener, sent)
  return { scope, listener, sent }
}

/** The offset of the frame with the change at a place; each had a frame of its own. */
function offsetOf({ frames, heard }: Listener, at: number): string {
  const offset = frames[frames.length - heard.length + at]?.offset
  demand(offset !== undefined, 'a frame came without an offset')
  return offset
}
