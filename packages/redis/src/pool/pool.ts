import type { Home, Homes } from './targets.ts'

/** Which member has a partition. Those that were given one target share a member. */
export class Pool<M extends { close(): Promise<void> }> {
  /** Of every partition that has none of its own. */
  readonly main: M
  readonly all: readonly M[]
  readonly #members = new Map<string, M>()

  constructor({ main, partitions }: Homes, open: (home: Home) => M) {
    this.main = open(main)
    const byTarget = new Map<unknown, M>()
    for (const [partition, home] of partitions) {
      const target = home.url?.href ?? home.target
      const member = byTarget.get(target) ?? open(home)
      byTarget.set(target, member)
      this.#members.set(partition, member)
    }
    this.all = [this.main, ...byTarget.values()]
  }

  of(partition: string): M {
    return this.#members.get(partition) ?? this.main
  }

  /** Asks each member for what is its own, and puts the answers in order again. */
  async ask<I, O>(
    items: readonly I[],
    partitionOf: (item: I) => string,
    call: (member: M, part: readonly I[]) => Promise<readonly O[]>,
  ): Promise<O[]> {
    const places = Map.groupBy(items.keys(), (at) => this.of(partitionOf(items[at] as I)))
    const answers = new Array<O>(items.length)
    await Promise.all(
      [...places].map(async ([member, own]) => {
        const answered = await call(
          member,
          own.map((at) => items[at] as I),
        )
        for (const [n, at] of own.entries()) answers[at] = answered[n] as O
      }),
    )
    return answers
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((member) => member.close()))
  }
}
