import { ArgumentError, type Store } from '@sync/core'

/** A store that rejects some requests with an error that is not retryable, as long as they are listed here. */
export interface RejectingStore {
  readonly store: Store
  /** Keys of the documents that cannot be loaded. */
  readonly loads: Set<string>
  /** Names of the sections whose keys cannot be listed. */
  readonly keys: Set<string>
}

export function rejectingStore(store: Store): RejectingStore {
  const [loads, keys] = [new Set<string>(), new Set<string>()]
  const reject = (): never => {
    throw new ArgumentError('no')
  }
  return {
    store: {
      capabilities: store.capabilities,
      load: async (refs) => (refs.some(({ key }) => loads.has(key)) ? reject() : store.load(refs)),
      commit: (group) => store.commit(group),
      heads: (queries) => store.heads(queries),
      changesSince: (scope, after, limit) => store.changesSince(scope, after, limit),
      touch: (refs) => store.touch(refs),
      keys: async (ref, query) => (keys.has(ref.section) ? reject() : store.keys(ref, query)),
      close: () => store.close(),
      [Symbol.asyncDispose]: () => store.close(),
    },
    loads,
    keys,
  }
}
