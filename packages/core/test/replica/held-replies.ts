import type { Store } from '@sync/core'
import { type Call, wrapStore } from './wrapped-store.ts'

/** A store whose answers can be held back: they were given at their time, and arrive later. */
export interface HeldReplies {
  readonly store: Store
  /** From now on answers of this call are held. */
  hold(call: Call): void
  /** Lets those go that are held, and holds no more. */
  release(): void
  /** How many answers are held. */
  readonly held: number
}

export function holdReplies(store: Store): HeldReplies {
  let holding: Call | undefined
  let held: (() => void)[] = []
  return {
    store: wrapStore(store, async (name, call) => {
      const answer = await call()
      if (holding === name) await new Promise<void>((resolve) => held.push(resolve))
      return answer
    }),
    hold: (call) => {
      holding = call
    },
    release: () => {
      holding = undefined
      const ready = held
      held = []
      for (const go of ready) go()
    },
    get held() {
      return held.length
    },
  }
}
