import type { Store } from '@sync/core'

/** A call that can be interfered with. */
export type Call = 'load' | 'commit' | 'heads' | 'changesSince'

/** A store with something around some of its calls. */
export function wrapStore(store: Store, around: <R>(name: Call, call: () => Promise<R>) => Promise<R>): Store {
  return {
    capabilities: store.capabilities,
    load: (refs) => around('load', () => store.load(refs)),
    commit: (group) => around('commit', () => store.commit(group)),
    heads: (asked) => around('heads', () => store.heads(asked)),
    changesSince: (scope, after, limit) => around('changesSince', () => store.changesSince(scope, after, limit)),
    touch: (refs) => store.touch(refs),
    keys: (section, options) => store.keys(section, options),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  }
}
