import type { ChangeBus, EncodedChange, FrameHandler, Scope, Store, Subscription } from '@sync/core/adapter'

/** A client with some of its methods replaced. The others are its own. */
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

/** A store with some of its methods replaced. */
export function overlayStore(store: Store, overrides: Partial<Store>): Store {
  const close = overrides.close ?? (() => store.close())
  return {
    capabilities: store.capabilities,
    load: (refs) => store.load(refs),
    commit: (group) => store.commit(group),
    changesSince: (scope, after, limit) => store.changesSince(scope, after, limit),
    heads: (queries) => store.heads(queries),
    touch: (refs) => store.touch(refs),
    keys: (section, options) => store.keys(section, options),
    [Symbol.asyncDispose]: close,
    ...overrides,
    close,
  }
}

/** What hands a frame on, or does not. */
export type FrameInterceptor = (frame: string | Uint8Array, deliver: FrameHandler, offset: string | undefined) => void

/** A client on which every subscription has a tap of its own between the bus and the handler. */
export const interceptFrames = (bus: ChangeBus, createInterceptor: (scope: Scope) => FrameInterceptor): ChangeBus =>
  overlayBus(bus, {
    subscribe(scope, onFrame, options) {
      const interceptor = createInterceptor(scope)
      return bus.subscribe(scope, (frame, offset) => interceptor(frame, onFrame, offset), options)
    },
  })

/** A client that sends something else than it is given. */
export const overridePublish = (
  bus: ChangeBus,
  publish: (scope: Scope, changes: readonly EncodedChange[]) => Promise<void>,
): ChangeBus => overlayBus(bus, { publish })

/** A client whose subscriptions end in another way. */
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

/** A promise for never. */
export const neverSettles = <T>(): Promise<T> => new Promise(() => {})

/** A few turns of the event loop later. */
export async function eventLoopTurns(n: number): Promise<void> {
  for (let turn = 0; turn < n; turn++) await new Promise((resolve) => setImmediate(resolve))
}
