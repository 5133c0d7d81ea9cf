/** How often it is asked who belongs to a cluster, in ms. */
const REFRESH_INTERVAL_MS = 10_000

/**
 * Which cluster a connection leads to: the ids of all its nodes, in one order. They stay through fail-overs, restarts and moves of
 * slots; where nodes come and go they are asked for again.
 */
export class ClusterIdentity {
  readonly #queryNodes: () => Promise<unknown>
  readonly #timer: NodeJS.Timeout
  #nodeIds: string | undefined
  #resets = 0

  /** `nodes`: asks any node for its `CLUSTER NODES`. */
  constructor(nodes: () => Promise<unknown>) {
    this.#queryNodes = nodes
    this.#timer = setInterval(() => void this.refresh(), REFRESH_INTERVAL_MS)
    this.#timer.unref()
  }

  /** `undefined`: not known. */
  get current(): string | undefined {
    return this.#nodeIds
  }

  async refresh(): Promise<void> {
    const resets = this.#resets
    // a node that does not answer changes nothing
    const view = await this.#queryNodes().catch(() => undefined)
    if (view !== undefined && resets === this.#resets) this.#nodeIds = parseNodeIds(`${view}`)
  }

  /** No node can be reached: it may be another cluster that answers next. */
  reset(): void {
    this.#resets++
    this.#nodeIds = undefined
  }

  close(): void {
    clearInterval(this.#timer)
    this.reset()
  }
}

/** `id address flags …` of each node; one that is being met has an id for the time being. */
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
 * Do both lead to one server, or one cluster? A node is in one cluster alone, but not all of them know of each other at every moment:
 * of what either names the other has to name more than half.
 */
export function isSameServer(one: string | undefined, other: string | undefined): boolean {
  if (one === other) return one !== undefined && one !== ''
  if (!one || !other) return false
  const [known, others] = [one.split(' '), new Set(other.split(' '))]
  const common = known.filter((id) => others.has(id)).length
  return 2 * common > Math.max(known.length, others.size)
}
