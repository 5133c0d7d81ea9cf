import type { Store } from '@sync/core'

/** A store whose answers can be held back: they were given at their time, and arrive later. */
export interface HeldReplies {
  readonly store: Store
  /** From now on answers of this call are held. */
  hold(call: 'load' | 'commit' | 'heads' | 'changesSince'): void
  /** Lets those go that are held, and holds no more. */
  release(): void
  /** How many answers are held. */
  readonly held: number
}

export function holdReplies(store: Store): HeldReplies {
  let holding: string | undefined
  let held: (() => void)[] = []
  const wrap =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const answer = await call.apply(store, args)
      if (holding === name) await new Promise<void>((resolve) => held.push(resolve))
      return answer
    }
  return {
    store: {
      capabilities: store.capabilities,
      load: wrap('load', store.load),
      commit: wrap('commit', store.commit),
      heads: wrap('heads', store.heads),
      changesSince: wrap('changesSince', store.changesSince),
      touch: (refs) => store.touch(refs),
      keys: (section, options) => store.keys(section, options),
      close: () => store.close(),
      [Symbol.asyncDispose]: () => store.close(),
    },
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
