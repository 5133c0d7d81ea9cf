import type { Store } from '@sync/core'

/** Name of a call that can be intercepted. */
export type Call = 'load' | 'commit' | 'heads' | 'changesSince' | 'keys'

/** Wraps a store so that some of its calls can be intercepted. */
export function wrapStore(store: Store, intercept: <R>(name: Call, call: () => Promise<R>) => Promise<R>): Store {
  return {
    capabilities: store.capabilities,
    load: (refs) => intercept('load', () => store.load(refs)),
    commit: (group) => intercept('commit', () => store.commit(group)),
    heads: (queries) => intercept('heads', () => store.heads(queries)),
    changesSince: (scope, after, limit) => intercept('changesSince', () => store.changesSince(scope, after, limit)),
    touch: (refs) => store.touch(refs),
    keys: (section, query) => intercept('keys', () => store.keys(section, query)),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  }
}
