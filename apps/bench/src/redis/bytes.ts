import { startRedis } from '@sync/brokers'
import { Redis } from 'ioredis'
import { benchDocument } from '../core/documents.ts'
import type { Figure } from '../figure.ts'
import { CHANNEL, changeOf, keyOf, openFilled } from './documents.ts'

const FRAMES = 100
const CHANGES_PER_FRAME = 16

/** Size of one change on the bus, relative to its whole document. */
export const bytesOfAChange: Figure = {
  name: 'a change of 2 of 63 fields, alone in its frame, against the document',
  unit: 'bytes, lower is better',
  goal: { atMost: 0.07 },
  async measure() {
    const document = Buffer.byteLength(JSON.stringify({ ...benchDocument(), ...changeOf(1) }))
    const ours = await bytesPerChange(1)
    return { ours, baseline: document, ratio: ours / document, spread: 0 }
  },
}

/** Size of a change in a shared frame, relative to a change alone in its frame. */
export const bytesPerSharedFrame: Figure = {
  name: `a change of 2 of 63 fields, ${CHANGES_PER_FRAME} in a frame, against alone in its frame`,
  unit: 'bytes, lower is better',
  goal: { atMost: 1 },
  async measure() {
    const [ours, baseline] = [await bytesPerChange(CHANGES_PER_FRAME), await bytesPerChange(1)]
    return { ours, baseline, ratio: ours / baseline, spread: 0 }
  },
}

/** Returns the average payload bytes per change, in frames of `each` changes. */
async function bytesPerChange(each: number): Promise<number> {
  await using redis = await startRedis()
  await using filled = await openFilled(redis.url)
  using stack = new DisposableStack()
  const subscriber = stack.adopt(new Redis(redis.url), (client) => client.disconnect())
  let [frames, bytes] = [0, 0]
  const received = new Promise<void>((resolve) => {
    subscriber.on('message', (_channel, message) => {
      bytes += Buffer.byteLength(message)
      if (++frames === FRAMES) resolve()
    })
  })
  await subscriber.subscribe(CHANNEL)
  for (let n = 0; n < FRAMES * each; n += each) {
    // writes that begin in the same turn of the event loop are committed together
    await Promise.all(
      Array.from({ length: each }, (_, index) => filled.collection.assign(keyOf(n + index), changeOf(n + index))),
    )
  }
  await received
  if (frames > FRAMES) throw new Error(`expected ${FRAMES} frames, one per group commit, got ${frames}`)
  return bytes / (FRAMES * each)
}
