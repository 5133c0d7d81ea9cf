import { defineCollection } from '@sync/core'
import { benchDocument } from './documents.ts'
import { openStubInstance } from './stub-instance.ts'

/*
 * Loads documents into memory and prints the bytes per document: `node --expose-gc memory-worker.ts ours|bare large|small COUNT`.
 * It runs in its own process, so that nothing else affects its memory.
 */

const [variant, size, count] = process.argv.slice(2) as ['ours' | 'bare', 'large' | 'small', string]
const documents = Number(count)
const keys = Array.from({ length: documents }, (_, n) => `document-${n}`)
const large = benchDocument()
const textOf = (key: string): string =>
  JSON.stringify(size === 'large' ? { ...large, label1: `of ${key}` } : small(key))

/** Returns a document of eight fields, 300 bytes as JSON. */
const small = (key: string): object => ({
  id: key,
  title: `The document of that name: ${key}`,
  price: 12.5,
  stock: 7,
  open: true,
  owner: 'an employee of the northern office, 2nd floor',
  note: 'checked in spring, to be checked again before the end of the year; no further remark was recorded.',
  place: { row: 1, shelf: 2 },
})

const before = usedBytes()
const loaded = variant === 'ours' ? await loadOwn() : loadBare()
const bytes = (usedBytes() - before) / documents
console.log(bytes)
// checked after the measurement, which also keeps the documents reachable until then
if (loaded.size !== documents) throw new Error(`expected ${documents} documents in memory, got ${loaded.size}`)
process.exit()

async function loadOwn(): Promise<{ readonly size: number }> {
  const { sync } = openStubInstance(textOf)
  const collection = sync.collection(
    defineCollection<Record<string, never>>({ section: 'doc', ttl: 'never', cache: { recentChangesChars: 0 } }),
    { partition: 'bench' },
  )
  for (let from = 0; from < keys.length; from += 10_000) await collection.getMany(keys.slice(from, from + 10_000))
  return {
    get size() {
      return sync.stats().documents
    },
  }
}

function loadBare(): Map<string, unknown> {
  return new Map(keys.map((key) => [key, JSON.parse(textOf(key)) as unknown]))
}

function usedBytes(): number {
  for (let n = 0; n < 3; n++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
