import { type ChangeBus, createSync, type Store, type Sync } from '@sync/core'
import type { FrameHandler } from '@sync/core/adapter'

/** A store whose documents are made as they are asked for, and a bus whose frames come from whoever measures. */
export interface StillLife {
  readonly sync: Sync
  /** Hands a frame to whoever subscribed. */
  hear(frame: string): void
}

/** The epoch of all that it answers. */
export const STILL_EPOCH = 'still'

const STANDING = { epoch: STILL_EPOCH, sequence: 0, answers: 0, lineage: [] }

/** A store in which nothing ever changes. `text` gives a document by its key. */
export function stillStore(text: (key: string) => string): Store {
  return {
    capabilities: { ttl: false, durability: 'none', maxCommitBytes: 1 },
    load: async (refs) => refs.map(({ key }) => ({ standing: STANDING, document: stored(text(key)) })),
    heads: async (asked) => asked.map(() => ({ standing: STANDING })),
    changesSince: async () => ({ standing: STANDING, status: 'page', changes: [], upTo: 0 }),
    commit: () => Promise.reject(new Error('nothing is written here')),
    touch: async () => {},
    async *keys() {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

/** An instance that holds what it reads, while nothing else takes up memory or time. `text` gives a document by its key. */
export function openStillLife(text: (key: string) => string): StillLife {
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
  return { sync: createSync({ store: stillStore(text), bus, checkInterval: '1d' }), hear: (frame) => onFrame(frame) }
}

type Stored = NonNullable<Awaited<ReturnType<Store['load']>>[number]['document']>

let last: Stored | undefined

/** As if it had been written once, before the section's first change that is heard. */
function stored(text: string): Stored {
  // the same again costs nothing: it is not what is measured
  if (text === last?.text) return last
  const fields = Object.keys(JSON.parse(text) as object)
  const fieldVersions = Object.fromEntries(fields.map((field) => [field, 1]))
  last = { generation: 0, version: 1, text, fieldVersions, floor: 0, changedAt: 0 }
  return last
}
