import type { Json, SyncInstance } from '@sync/core'
import { decodeFrame, type FieldEdit, type WireChange } from '@sync/core/adapter'
import { apply } from '@sync/core/patch'
import type { StackInterceptors } from '../../harness/memory.ts'
import { overlayCollection, overlayInstance, type TestCollection } from './build.ts'

type Document = { readonly [field: string]: Json }

type HeldDocument = ReturnType<TestCollection['peek']>

/** How a naive replica takes a delta. */
type ApplyDelta = (value: Json | undefined, edit: FieldEdit & { readonly kind: 'delta' }) => Json

/** Operation by operation, in place: what fits is done, what does not ends it. */
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

/** By assignment, whatever the names are. */
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
 * Instances that believe whatever they hear: documents are loaded once, and from then on every change is applied as it
 * comes, without a look at its epoch, generation, version or sequence. What everybody builds first.
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
      const held = new Map<string, Document | undefined>()
      void client.subscribe({ partition: location.partition, section: definition.section }, (frame) => {
        try {
          for (const change of decodeFrame(frame).changes)
            if (held.has(change.key)) applyChange(held, change, applyDelta)
        } catch {}
      })
      const get: TestCollection['get'] = async (key, options) => {
        const value = await docs.get(key, options)
        if (!held.has(key)) held.set(key, value as Document | undefined)
        return held.get(key) as HeldDocument
      }
      const handle = overlayCollection(docs, {
        get,
        peek: (key) => held.get(key) as HeldDocument,
        getMany: async (keys) => {
          const all = new Map<string, NonNullable<HeldDocument>>()
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
  held: Map<string, Document | undefined>,
  { key, edits }: WireChange,
  applyDelta: ApplyDelta,
): void {
  if (edits === 'removed') held.set(key, undefined)
  if (typeof edits === 'string') return
  const document: Record<string, Json> = { ...held.get(key) }
  for (const edit of edits) {
    if (edit.kind === 'removed') delete document[edit.field]
    else document[edit.field] = edit.kind === 'whole' ? edit.value : applyDelta(document[edit.field], edit)
  }
  held.set(key, document)
}
