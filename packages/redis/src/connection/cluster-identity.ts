/** Interval between queries of a cluster's nodes, in ms. */
const REFRESH_INTERVAL_MS = 10_000

/**
 * Identity of the cluster that a connection leads to: the sorted ids of its nodes. Node ids survive fail-overs, restarts and slot
 * migrations. The nodes are queried again at an interval and whenever the client reports a changed node.
 */
export class ClusterIdentity {
  readonly #queryNodes: () => Promise<unknown>
  readonly #timer: NodeJS.Timeout
  #nodeIds: string | undefined
  #resets = 0

  /** `queryNodes` returns any node's reply to `CLUSTER NODES`. */
  constructor(queryNodes: () => Promise<unknown>) {
    this.#queryNodes = queryNodes
    this.#timer = setInterval(() => void this.refresh(), REFRESH_INTERVAL_MS)
    this.#timer.unref()
  }

  /** The node ids, separated by spaces. `undefined` if unknown. */
  get current(): string | undefined {
    return this.#nodeIds
  }

  async refresh(): Promise<void> {
    const resets = this.#resets
    // a query without a reply leaves the identity as it is
    const view = await this.#queryNodes().catch(() => undefined)
    if (view !== undefined && resets === this.#resets) this.#nodeIds = parseNodeIds(`${view}`)
  }

  /** Forgets the identity while no node is available: the next one to answer may belong to another cluster. */
  reset(): void {
    this.#resets++
    this.#nodeIds = undefined
  }

  close(): void {
    clearInterval(this.#timer)
    this.reset()
  }
}

/** Parses lines of `id address flags …`. Skips nodes in handshake, whose ids are temporary. */
const parseNodeIds = (view: string): string =>
  view
    .split('\n')
    .flatMap((line) => {
      const [id, , flags] = line.split(' ')
      return id && flags && !flags.split(',').includes('handshake') ? [id] : []
    })
    .sort()
    .join(' ')

/**
 * True if both ids denote the same server or cluster. A node belongs to one cluster only, but its view of the other nodes may be
 * incomplete at times: two views match if they share more than half of the larger one.
 */
export function isSameServer(one: string | undefined, other: string | undefined): boolean {
  if (one === other) return one !== undefined && one !== ''
  if (!one || !other) return false
  const [known, others] = [one.split(' '), new Set(other.split(' '))]
  const common = known.filter((id) => others.has(id)).length
  return 2 * common > Math.max(known.length, others.size)
}
