import { type ChangeBus, createInstance, type Store, type SyncInstance } from '@sync/core'
import type { FrameHandler } from '@sync/core/adapter'

/** A store whose documents are made as they are asked for, and a bus whose frames come from whoever measures. */
export interface StubInstance {
  readonly sync: SyncInstance
  /** Hands a frame to whoever subscribed. */
  deliver(frame: string): void
}

/** The epoch of all that it answers. */
export const STUB_EPOCH = 'still'

const SECTION_STATE = { epoch: STUB_EPOCH, sequence: 0, opResultCount: 0, ancestors: [] }

/** A store in which nothing ever changes. `text` gives a document by its key. */
export function createStubStore(text: (key: string) => string): Store {
  return {
    capabilities: { ttl: false, durability: 'none', maxCommitBytes: 1 },
    load: async (refs) => refs.map(({ key }) => ({ state: SECTION_STATE, document: storedDocument(text(key)) })),
    heads: async (queries) => queries.map(() => ({ state: SECTION_STATE })),
    changesSince: async () => ({ state: SECTION_STATE, status: 'page', changes: [], upTo: 0 }),
    commit: () => Promise.reject(new Error('nothing is written here')),
    touch: async () => {},
    async *keys() {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

/** An instance that holds what it reads, while nothing else takes up memory or time. `text` gives a document by its key. */
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

/** As if it had been written once, before the section's first change that is heard. */
function storedDocument(text: string): StoredDocument {
  // the same again costs nothing: it is not what is measured
  if (text === lastStored?.text) return lastStored
  const fields = Object.keys(JSON.parse(text) as object)
  const fieldVersions = Object.fromEntries(fields.map((field) => [field, 1]))
  lastStored = { generation: 0, version: 1, text, fieldVersions, floor: 0, changedAt: 0 }
  return lastStored
}
