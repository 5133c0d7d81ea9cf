import type { Store } from '@sync/core'
import { type Call, wrapStore } from './wrapped-store.ts'

/** A store whose requests can be delayed. The inner store executes them when they arrive, after other requests. */
export interface HeldRequests {
  readonly store: Store
  /** Delays the next call of this name, but not the ones after it. */
  holdNext(call: Call): void
  /** Sends the delayed requests. */
  release(): void
}

export function holdRequests(store: Store): HeldRequests {
  let holding: Call | undefined
  let held: (() => void)[] = []
  return {
    store: wrapStore(store, async (name, call) => {
      if (holding === name) {
        holding = undefined
        await new Promise<void>((resolve) => held.push(resolve))
      }
      return call()
    }),
    holdNext: (call) => {
      holding = call
    },
    release: () => {
      holding = undefined
      const ready = held
      held = []
      for (const go of ready) go()
    },
  }
}
