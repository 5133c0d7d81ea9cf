import { type ChangeBus, createInstance, type Store, type SyncInstance } from '@sync/core'
import type { FrameHandler } from '@sync/core/adapter'

/** An instance on a store that generates documents on request, and on a bus whose frames the bench supplies. */
export interface StubInstance {
  readonly sync: SyncInstance
  /** Delivers a frame to the instance. */
  deliver(frame: string): void
}

/** The epoch in all of the stub store's answers. */
export const STUB_EPOCH = 'still'

const SECTION_STATE = { epoch: STUB_EPOCH, sequence: 0, opResultCount: 0, ancestors: [] }

/** Creates a store that never changes. `text` returns a document's JSON by key. */
export function createStubStore(text: (key: string) => string): Store {
  return {
    capabilities: { ttl: false, durability: 'none', maxCommitBytes: 1 },
    load: async (refs) => refs.map(({ key }) => ({ state: SECTION_STATE, document: storedDocument(text(key)) })),
    heads: async (queries) => queries.map(() => ({ state: SECTION_STATE })),
    changesSince: async () => ({ state: SECTION_STATE, status: 'page', changes: [], upTo: 0 }),
    commit: () => Promise.reject(new Error('the stub store is read-only')),
    touch: async () => {},
    keys: async () => ({ state: SECTION_STATE, keys: [] }),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Opens an instance with almost no store or bus cost, so that only the core is measured. `text` returns a document's JSON by key. */
export function openStubInstance(text: (key: string) => string): StubInstance {
  let onFrame: FrameHandler = () => {}
  const subscription = { stop: async () => {}, [Symbol.asyncDispose]: async () => {} }
  const bus = {
    capabilities: {
      delivery: 'at-most-once',
      replay: 'none',
      ordering: 'per-section',
      durability: 'sent',
      whenDown: 'reject',
      live: 'at-once',
      echo: false,
      maxPayloadBytes: 1,
    },
    publish: async () => {},
    subscribe: async (_scope, handler) => {
      onFrame = handler
      return subscription
    },
    onStatus: () => () => {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  } satisfies ChangeBus
  return {
    sync: createInstance({ store: createStubStore(text), bus, checkInterval: '1d' }),
    deliver: (frame) => onFrame(frame),
  }
}

type StoredDocument = NonNullable<Awaited<ReturnType<Store['load']>>[number]['document']>

let lastStored: StoredDocument | undefined

/** Returns a document as if it had been written once, before the section's first change. */
function storedDocument(text: string): StoredDocument {
  // repeated texts are answered from memory, since the stub must not add to the measurement
  if (text === lastStored?.text) return lastStored
  const fields = Object.keys(JSON.parse(text) as object)
  const fieldVersions = Object.fromEntries(fields.map((field) => [field, 1]))
  lastStored = { generation: 0, version: 1, text, fieldVersions, floor: 0, changedAt: 0 }
  return lastStored
}
