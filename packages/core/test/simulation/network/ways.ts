/** The ways of one process to the store and to the bus, and what is wrong with them now. */
export interface Ways {
  /** `requests lost`, `replies lost`: only that direction carries nothing; the caller waits in vain. */
  store: 'open' | 'away' | 'requests lost' | 'replies lost'
  /** A request and its reply take up to so many ms each, every call by itself: one may overtake another. */
  slow: number
  /** So many next replies to commits are lost. */
  repliesToLose: number
  /** So many next commits are given up by the client before they arrive, late. */
  toLinger: number
  /** `deaf`: frames do not arrive. `mute`: what is published goes nowhere. `refused`: publishing and subscribing fail. */
  bus: 'open' | 'deaf' | 'mute' | 'refused'
}

export const openWays = (): Ways => ({ store: 'open', slow: 0, repliesToLose: 0, toLinger: 0, bus: 'open' })
