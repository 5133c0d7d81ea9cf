import type { Store } from '@sync/core'
import { type Call, wrapStore } from './wrapped-store.ts'

/** A store whose replies can be delayed. The inner store has answered at the time of the call. */
export interface HeldReplies {
  readonly store: Store
  /** Delays every later reply to this call. */
  hold(call: Call): void
  /** Delivers the delayed replies and delays no others. */
  release(): void
  /** Number of delayed replies. */
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
