import { defineCollection } from '@sync/core'
import { benchDocument } from './documents.ts'
import { openStubInstance } from './stub-instance.ts'

/*
 * Holds documents and prints what that takes, in bytes each: `node --expose-gc memory-worker.ts ours|bare large|small COUNT`.
 * In a process of its own, so that nothing else is in its memory.
 */

const [variant, size, count] = process.argv.slice(2) as ['ours' | 'bare', 'large' | 'small', string]
const documents = Number(count)
const keys = Array.from({ length: documents }, (_, n) => `document-${n}`)
const large = benchDocument()
const textOf = (key: string): string =>
  JSON.stringify(size === 'large' ? { ...large, label1: `of ${key}` } : small(key))

/** 300 bytes as JSON, in eight fields. */
const small = (key: string): object => ({
  id: key,
  title: `The document of that name: ${key}`,
  price: 12.5,
  stock: 7,
  open: true,
  owner: 'somebody at the northern office, second floor',
  note: 'checked in spring, to be checked again before the end of the year; nothing is known of it besides.',
  place: { row: 1, shelf: 2 },
})

const before = usedBytes()
const held = variant === 'ours' ? await loadOwn() : loadBare()
const bytes = (usedBytes() - before) / documents
console.log(bytes)
// held until it was measured
if (held.size !== documents) throw new Error('not all are held')
process.exit()

async function loadOwn(): Promise<{ readonly size: number }> {
  const { sync } = openStubInstance(textOf)
  const collection = sync.collection(
    defineCollection<Record<string, never>>({ section: 'doc', ttl: 'never', cache: { recentChangesChars: 0 } }),
    { partition: 'bench' },
  )
  for (let at = 0; at < keys.length; at += 10_000) await collection.getMany(keys.slice(at, at + 10_000))
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
