import type { ChangeBus, EncodedChange, FrameHandler, Scope, Store, Subscription } from '@sync/core/adapter'

/** Returns a bus with some methods replaced. The other methods are those of the given bus. */
export function overlayBus(bus: ChangeBus, overrides: Partial<ChangeBus>): ChangeBus {
  const close = overrides.close ?? (() => bus.close())
  return {
    capabilities: bus.capabilities,
    publish: (scope, changes) => bus.publish(scope, changes),
    subscribe: (scope, onFrame, options) => bus.subscribe(scope, onFrame, options),
    onStatus: (listener) => bus.onStatus(listener),
    [Symbol.asyncDispose]: close,
    ...overrides,
    close,
  }
}

/** Returns a store with some methods replaced. The other methods are those of the given store. */
export function overlayStore(store: Store, overrides: Partial<Store>): Store {
  const close = overrides.close ?? (() => store.close())
  return {
    capabilities: store.capabilities,
    load: (refs) => store.load(refs),
    commit: (group) => store.commit(group),
    changesSince: (scope, after, limit) => store.changesSince(scope, after, limit),
    heads: (queries) => store.heads(queries),
    touch: (refs) => store.touch(refs),
    keys: (section, query) => store.keys(section, query),
    [Symbol.asyncDispose]: close,
    ...overrides,
    close,
  }
}

/** Delivers a frame to the handler, changes it, or drops it. */
export type FrameInterceptor = (frame: string | Uint8Array, deliver: FrameHandler, offset: string | undefined) => void

/** Returns a bus on which every subscription has its own interceptor between the bus and the handler. */
export const interceptFrames = (bus: ChangeBus, createInterceptor: (scope: Scope) => FrameInterceptor): ChangeBus =>
  overlayBus(bus, {
    subscribe(scope, onFrame, options) {
      const interceptor = createInterceptor(scope)
      return bus.subscribe(scope, (frame, offset) => interceptor(frame, onFrame, offset), options)
    },
  })

/** Returns a bus with another `publish`. */
export const overridePublish = (
  bus: ChangeBus,
  publish: (scope: Scope, changes: readonly EncodedChange[]) => Promise<void>,
): ChangeBus => overlayBus(bus, { publish })

/** Returns a bus whose subscriptions have another `stop`. */
export const overrideStop = (
  bus: ChangeBus,
  stop: (subscription: Subscription, scope: Scope) => Promise<void>,
): ChangeBus =>
  overlayBus(bus, {
    async subscribe(scope, onFrame, options) {
      const subscription = await bus.subscribe(scope, onFrame, options)
      const end = (): Promise<void> => stop(subscription, scope)
      return { stop: end, [Symbol.asyncDispose]: end }
    },
  })

/** Returns a promise that never settles. */
export const neverSettles = <T>(): Promise<T> => new Promise(() => {})

/** Resolves after `n` turns of the event loop. */
export async function eventLoopTurns(n: number): Promise<void> {
  for (let turn = 0; turn < n; turn++) await new Promise((resolve) => setImmediate(resolve))
}
