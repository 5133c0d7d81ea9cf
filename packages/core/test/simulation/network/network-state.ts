/** The ways of one process to the store and to the bus, and what is wrong with them now. */
export interface NetworkState {
  /** `requests lost`, `replies lost`: only that direction carries nothing; the caller waits in vain. */
  store: 'open' | 'away' | 'requests lost' | 'replies lost'
  /** A request and its reply take up to so many ms each, every call by itself: one may overtake another. */
  maxDelay: number
  /** So many next replies to commits are lost. */
  repliesToLose: number
  /** So many next commits are given up by the client before they arrive, late. */
  commitsToDelay: number
  /** `deaf`: frames do not arrive. `mute`: what is published goes nowhere. `refused`: publishing and subscribing fail. */
  bus: 'open' | 'deaf' | 'mute' | 'refused'
}

export const healthyNetwork = (): NetworkState => ({
  store: 'open',
  maxDelay: 0,
  repliesToLose: 0,
  commitsToDelay: 0,
  bus: 'open',
})
