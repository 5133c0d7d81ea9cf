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
  /** `no receive` drops incoming frames, `no send` drops published ones. `unavailable` fails publishing and subscribing. */
  bus: 'open' | 'no receive' | 'no send' | 'unavailable'
}

export const healthyNetwork = (): NetworkState => ({
  store: 'open',
  maxDelay: 0,
  repliesToLose: 0,
  commitsToDelay: 0,
  bus: 'open',
})
