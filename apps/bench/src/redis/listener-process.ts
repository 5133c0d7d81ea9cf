import { createInstance } from '@sync/core'
import type { Json } from '@sync/core/patch'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { benchDocument } from '../core/documents.ts'
import { CHANNEL, DOCUMENTS, documents, keyOf, PARTITION } from './documents.ts'
import { microseconds } from './microseconds.ts'

/** Program of the process that `startListener` forks: caches all documents and reports the delay of each sampled change. */
export type ToListener = 'delays'
export type ToParent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'applied'; readonly price: number }
  | { readonly kind: 'delays'; readonly ms: readonly number[] }

/** Number of documents whose changes' delays are recorded. */
const SAMPLE_SIZE = 500

const FIRST = keyOf(0)
const sampled = new Set(Array.from({ length: SAMPLE_SIZE }, (_, n) => keyOf(n + 1)))
let delays: number[] = []

const send = (message: ToParent): void => void process.send?.(message)

/** Records the change of a sampled document. When delays are measured, its price is the time of the write. */
function recordChange(key: string, price: number): void {
  if (key === FIRST) send({ kind: 'applied', price })
  else delays.push((microseconds() - price) / 1_000)
}

async function listenAsInstance(url: string): Promise<void> {
  const sync = createInstance({ store: redisStore(url), bus: redisBus(url) })
  const collection = sync.collection(documents, { partition: PARTITION })
  await collection.ready()
  for (const key of [FIRST, ...sampled])
    collection.subscribe(key, () => recordChange(key, Number(collection.peek(key)?.['price1'])))
}

type Frame = readonly [number, string, string, readonly Change[]]
type Change = readonly [key: string, number, number, number, number, edits: readonly Edit[]]
type Edit = readonly [field: string, version: number, whole: 0, value: Json]

async function listenBare(url: string): Promise<void> {
  const cached = new Map<string, Record<string, Json>>()
  for (let n = 0; n < DOCUMENTS; n++) cached.set(keyOf(n), { ...benchDocument() })
  const subscriber = new Redis(url)
  subscriber.on('message', (_channel, message) => {
    const [, , , changes] = JSON.parse(message) as Frame
    for (const [key, , , , , edits] of changes) {
      const next = { ...cached.get(key) }
      for (const [field, , , value] of edits) next[field] = value
      cached.set(key, Object.freeze(next))
      if (key === FIRST || sampled.has(key)) recordChange(key, Number(next['price1']))
    }
  })
  await subscriber.subscribe(CHANNEL)
}

const [, , variant, url = ''] = process.argv
await (variant === 'ours' ? listenAsInstance(url) : listenBare(url))
process.on('message', () => {
  send({ kind: 'delays', ms: delays })
  delays = []
})
send({ kind: 'ready' })
