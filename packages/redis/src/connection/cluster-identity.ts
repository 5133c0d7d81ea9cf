/** How often it is asked who belongs to a cluster, in ms. */
const REFRESH = 10_000

/**
 * Which cluster a connection leads to: the ids of all its nodes, in one order. They stay through fail-overs, restarts and moves of
 * slots; where nodes come and go they are asked for again.
 */
export class ClusterIdentity {
  readonly #ask: () => Promise<unknown>
  readonly #timer: NodeJS.Timeout
  #ids: string | undefined
  #round = 0

  /** `nodes`: asks any node for its `CLUSTER NODES`. */
  constructor(nodes: () => Promise<unknown>) {
    this.#ask = nodes
    this.#timer = setInterval(() => void this.refresh(), REFRESH)
    this.#timer.unref()
  }

  /** `undefined`: not known. */
  get current(): string | undefined {
    return this.#ids
  }

  async refresh(): Promise<void> {
    const round = this.#round
    // a node that does not answer changes nothing
    const view = await this.#ask().catch(() => undefined)
    if (view !== undefined && round === this.#round) this.#ids = idsOf(`${view}`)
  }

  /** No node can be reached: it may be another cluster that answers next. */
  lost(): void {
    this.#round++
    this.#ids = undefined
  }

  close(): void {
    clearInterval(this.#timer)
    this.lost()
  }
}

/** `id address flags …` of each node; one that is being met has an id for the time being. */
const idsOf = (view: string): string =>
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
