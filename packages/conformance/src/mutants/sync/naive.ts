import type { Json, SyncInstance } from '@sync/core'
import { decodeFrame, type FieldEdit, type WireChange } from '@sync/core/adapter'
import { apply } from '@sync/core/patch'
import type { StackInterceptors } from '../../harness/memory.ts'
import { overlayCollection, overlayInstance, type TestCollection } from './build.ts'

type Document = { readonly [field: string]: Json }

type CachedDocument = ReturnType<TestCollection['peek']>

/** Applies a delta in a naive replica. */
type ApplyDelta = (value: Json | undefined, edit: FieldEdit & { readonly kind: 'delta' }) => Json

/** Applies operations one by one, and stops at the first one that does not apply. */
const applyInPlace: ApplyDelta = (value, { ops }) => {
  let result = (value ?? null) as Json
  for (const op of ops) {
    try {
      result = apply(result, [op])
    } catch {
      break
    }
  }
  return result
}

const unescapeToken = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~')

/** Applies operations by plain assignment, without checking names. */
export const applyByAssignment: ApplyDelta = (value, { ops }) => {
  const root = { value: structuredClone(value) ?? null } as Record<string, unknown>
  for (const op of ops) {
    const path = ['value', ...op.path.split('/').slice(1).map(unescapeToken)]
    const last = path.pop() ?? ''
    let at: Record<string, unknown> | undefined = root
    for (const name of path) at = at?.[name] as Record<string, unknown> | undefined
    if (at && 'value' in op) at[last] = op.value
  }
  return root['value'] as Json
}

/**
 * Instances that trust the bus, as first implementations do: each document is loaded once, and then every change is applied on
 * arrival, regardless of its epoch, generation, version and sequence.
 */
export const naiveReplica = (applyDelta: ApplyDelta = applyInPlace): StackInterceptors => ({
  sync(sync, { bus }) {
    const handles = new Map<unknown, TestCollection>()
    const client = bus()
    const collection = (
      definition: { readonly section: string },
      location: { readonly partition: string },
    ): TestCollection => {
      const docs = sync.collection(definition as never, location) as unknown as TestCollection
      const known = handles.get(definition)
      if (known) return known
      const cached = new Map<string, Document | undefined>()
      void client.subscribe({ partition: location.partition, section: definition.section }, (frame) => {
        try {
          for (const change of decodeFrame(frame).changes)
            if (cached.has(change.key)) applyChange(cached, change, applyDelta)
        } catch {}
      })
      const get: TestCollection['get'] = async (key, options) => {
        const value = await docs.get(key, options)
        if (!cached.has(key)) cached.set(key, value as Document | undefined)
        return cached.get(key) as CachedDocument
      }
      const handle = overlayCollection(docs, {
        get,
        peek: (key) => cached.get(key) as CachedDocument,
        getMany: async (keys) => {
          const all = new Map<string, NonNullable<CachedDocument>>()
          for (const key of keys) {
            const value = await get(key)
            if (value) all.set(key, value)
          }
          return all
        },
      })
      handles.set(definition, handle)
      return handle
    }
    return overlayInstance(sync, {
      collection: collection as unknown as SyncInstance['collection'],
      async close(options) {
        await client.close()
        await sync.close(options)
      },
    })
  },
})

function applyChange(
  cached: Map<string, Document | undefined>,
  { key, edits }: WireChange,
  applyDelta: ApplyDelta,
): void {
  if (edits === 'removed') cached.set(key, undefined)
  if (typeof edits === 'string') return
  const document: Record<string, Json> = { ...cached.get(key) }
  for (const edit of edits) {
    if (edit.kind === 'removed') delete document[edit.field]
    else document[edit.field] = edit.kind === 'whole' ? edit.value : applyDelta(document[edit.field], edit)
  }
  cached.set(key, document)
}
