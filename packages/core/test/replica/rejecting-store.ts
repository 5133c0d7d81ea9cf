import { ArgumentError, type Store } from '@sync/core'

/** A store that refuses some questions for good: to ask again does not help, until it is told to answer. */
export interface RejectingStore {
  readonly store: Store
  /** The documents that are not loaded, by their keys. */
  readonly loads: Set<string>
  /** The sections whose keys are not listed. */
  readonly keys: Set<string>
}

export function rejectingStore(store: Store): RejectingStore {
  const [loads, keys] = [new Set<string>(), new Set<string>()]
  const no = (): never => {
    throw new ArgumentError('no')
  }
  return {
    store: {
      capabilities: store.capabilities,
      load: async (refs) => (refs.some(({ key }) => loads.has(key)) ? no() : store.load(refs)),
      commit: (group) => store.commit(group),
      heads: (asked) => store.heads(asked),
      changesSince: (scope, after, limit) => store.changesSince(scope, after, limit),
      touch: (refs) => store.touch(refs),
      keys: (ref, options) => (keys.has(ref.section) ? no() : store.keys(ref, options)),
      close: () => store.close(),
      [Symbol.asyncDispose]: () => store.close(),
    },
    loads,
    keys,
  }
}
