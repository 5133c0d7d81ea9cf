export const REFUSABLE_CALLS = ['load', 'heads', 'changesSince', 'keys', 'touch', 'commit', 'publish'] as const

/** A call that the store or the bus can refuse. */
export type RefusableCall = (typeof REFUSABLE_CALLS)[number]

/** One process's connections to the store and the bus, with their current faults. */
export interface NetworkState {
  /** `requests lost` and `replies lost` affect one direction. In both cases the caller's request times out. */
  store: 'open' | 'unavailable' | 'requests lost' | 'replies lost'
  /** Maximum delay of a request, and of a reply, in milliseconds. Each is delayed separately, so they can be reordered. */
  maxDelay: number
  /** Number of replies to commits that will be lost. */
  repliesToLose: number
  /** Number of commits that will time out at the client and arrive later. */
  commitsToDelay: number
  /** Calls that the store or the bus refuses. Their requests and replies can be delayed and lost like others. */
  refused: ReadonlySet<RefusableCall>
  /** Number of groups of commits in which the store will refuse one request. */
  requestsToRefuse: number
  /** `no receive` drops incoming frames, `no send` drops published ones. `unavailable` fails publishing and subscribing. */
  bus: 'open' | 'no receive' | 'no send' | 'unavailable'
}

export const healthyNetwork = (): NetworkState => ({
  store: 'open',
  maxDelay: 0,
  repliesToLose: 0,
  commitsToDelay: 0,
  refused: new Set(),
  requestsToRefuse: 0,
  bus: 'open',
})
