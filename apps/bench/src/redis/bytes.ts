import { startRedis } from '@sync/brokers'
import { Redis } from 'ioredis'
import { benchDocument } from '../core/documents.ts'
import type { Figure } from '../figure.ts'
import { CHANNEL, changeOf, keyOf, openFilled } from './documents.ts'

const FRAMES = 100
const CHANGES_PER_FRAME = 16

/** What one change takes on the bus, beside its whole document. */
export const bytesOfAChange: Figure = {
  name: 'a change of 2 of 63 fields, alone in its frame, against the document',
  unit: 'bytes, less is better',
  goal: { atMost: 0.07 },
  async measure() {
    const document = Buffer.byteLength(JSON.stringify({ ...benchDocument(), ...changeOf(1) }))
    const ours = await bytesPerChange(1)
    return { ours, baseline: document, ratio: ours / document, spread: 0 }
  },
}

/** What changes save that share a frame. */
export const bytesPerSharedFrame: Figure = {
  name: `a change of 2 of 63 fields, ${CHANGES_PER_FRAME} in a frame, against alone in its frame`,
  unit: 'bytes, less is better',
  goal: { atMost: 1 },
  async measure() {
    const [ours, baseline] = [await bytesPerChange(CHANGES_PER_FRAME), await bytesPerChange(1)]
    return { ours, baseline, ratio: ours / baseline, spread: 0 }
  },
}

/** The payload of frames that hold `each` changes, a change. */
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
    // what is begun in one step is committed together
    await Promise.all(
      Array.from({ length: each }, (_, at) => filled.collection.assign(keyOf(n + at), changeOf(n + at))),
    )
  }
  await received
  if (frames > FRAMES) throw new Error(`${frames} frames for ${FRAMES} groups`)
  return bytes / (FRAMES * each)
}
