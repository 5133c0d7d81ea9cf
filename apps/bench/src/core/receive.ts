import { type Collection, defineCollection } from '@sync/core'
import type { Json } from '@sync/core/patch'
import type { Figure } from '../figure.ts'
import { compareRates } from '../rounds.ts'
import { benchDocument } from './documents.ts'
import { openStubInstance, STUB_EPOCH } from './stub-instance.ts'

type Doc = Record<string, Json>

const DOCUMENTS = 100
const FRAMES = 50_000

const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never', cache: { recentChangesChars: 0 } })

/** A change's path from the bus into memory (decode, order, apply), against parsing it and copying on write. */
export const receivePath: Figure = {
  name: 'receive: decode, order, apply 2 of 63 fields, against JSON.parse and copy-on-write',
  unit: 'changes/s',
  goal: { atLeast: 0.6 },
  async measure() {
    const text = JSON.stringify(benchDocument())
    const keys = Array.from({ length: DOCUMENTS }, (_, n) => `document-${n}`)
    const frames = Array.from({ length: FRAMES }, (_, n) => frame(keys[n % DOCUMENTS] as string, n))
    const map = new Map<string, Doc>()
    return await compareRates(
      {
        // both sides reload the same documents, so that neither starts with more than the other
        ours: async () => {
          const { sync, deliver } = openStubInstance(() => text)
          const collection: Collection<Doc> = sync.collection(docs, { partition: 'bench' })
          await collection.getMany(keys)
          for (const each of frames) deliver(each)
          await sync.close()
        },
        baseline: async () => {
          for (const key of keys) map.set(key, JSON.parse(text) as Doc)
          for (const each of frames) applyBare(map, each)
        },
        operations: FRAMES,
      },
      { rounds: 9, sliceMs: 50, warmUpMs: 500 },
    )
  },
}

/** Returns a frame with one change of two fields, the n-th of its section. */
function frame(key: string, n: number): string {
  const version = 2 + Math.floor(n / DOCUMENTS)
  const edits = [
    ['price1', version, 0, n],
    ['route1', version, 0, `route of revision ${n}, checked by operator 7`],
  ]
  return JSON.stringify([1, STUB_EPOCH, 'bench', [[key, 0, version, n + 1, 1.7e12 + n, edits]]])
}

function applyBare(map: Map<string, Doc>, text: string): void {
  const [, , , changes] = JSON.parse(text) as [
    number,
    string,
    string,
    [string, number, number, number, number, Edit[]][],
  ]
  for (const [key, , , , , edits] of changes) {
    const next = { ...map.get(key) }
    for (const [field, , , value] of edits) next[field] = value
    map.set(key, Object.freeze(next))
  }
}

type Edit = [field: string, version: number, whole: 0, value: Json]
