import type { Store } from '@sync/core'
import { type Call, wrapStore } from './wrapped-store.ts'

/** A store whose calls can be slow on their way: they are carried out when they arrive, after others. */
export interface HeldRequests {
  readonly store: Store
  /** The next call of this name is held; those after it are not. */
  holdNext(call: Call): void
  /** Lets those go that are held. */
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
