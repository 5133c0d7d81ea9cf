import type { PartitionTarget, PartitionTargets } from '../connection/targets.ts'

/** Which member has a partition. Those that were given one target share a member. */
export class PartitionRouter<M extends { close(): Promise<void> }> {
  /** Of every partition that has none of its own. */
  readonly main: M
  readonly all: readonly M[]
  readonly #members = new Map<string, M>()

  constructor({ main, partitions }: PartitionTargets, open: (partitionTarget: PartitionTarget) => M) {
    this.main = open(main)
    const byTarget = new Map<unknown, M>()
    for (const [partition, partitionTarget] of partitions) {
      const target = partitionTarget.url?.href ?? partitionTarget.target
      const member = byTarget.get(target) ?? open(partitionTarget)
      byTarget.set(target, member)
      this.#members.set(partition, member)
    }
    this.all = [this.main, ...byTarget.values()]
  }

  memberFor(partition: string): M {
    return this.#members.get(partition) ?? this.main
  }

  /** Asks each member for what is its own, and puts the answers in order again. */
  async scatterGather<I, O>(
    items: readonly I[],
    partitionOf: (item: I) => string,
    call: (member: M, part: readonly I[]) => Promise<readonly O[]>,
  ): Promise<O[]> {
    const indexesByMember = Map.groupBy(items.keys(), (at) => this.memberFor(partitionOf(items[at] as I)))
    const ordered = new Array<O>(items.length)
    await Promise.all(
      [...indexesByMember].map(async ([member, indexes]) => {
        const results = await call(
          member,
          indexes.map((at) => items[at] as I),
        )
        for (const [n, at] of indexes.entries()) ordered[at] = results[n] as O
      }),
    )
    return ordered
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((member) => member.close()))
  }
}
