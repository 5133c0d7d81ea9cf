import type { PartitionTarget, PartitionTargets } from '../connection/targets.ts'

/** Routes each partition to its member, a store or bus. Partitions with equal targets share a member. */
export class PartitionRouter<M extends { close(): Promise<void> }> {
  /** Member of every partition without one of its own. */
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

  /** Calls each member with its own items, and returns the results in the order of the items. */
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
