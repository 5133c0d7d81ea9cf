import { type Collection, type Entry, type Sync, SyncError, type Write } from '@sync/core'
import type { Dice } from './dice.ts'

/** A document of the simulation: a register, a counter, a sum, and a list of the ids of all writes that counted. */
export interface Doc {
  a?: number
  n: number
  s: number
  l: { id: string; at: number }[]
}

/** A write that must leave its id in the document's list exactly once. */
export interface Counted {
  readonly instance: number
  readonly key: string
  readonly id: string
  outcome: 'open' | 'done' | 'refused' | 'unknown'
  /** How many losses its instance had been told of when it was acknowledged. */
  lossesKnown: number
}

/** Random reads and writes of all kinds, and a record of those that must count. */
export class Workload {
  readonly counted: Counted[] = []
  /** Documents whose list was thrown away on purpose. */
  readonly rewritten: Set<string> = new Set()
  readonly running: Promise<void>[] = []
  readonly #dice: Dice
  readonly #lossesKnown: (instance: number) => number
  readonly #wrong: string[]

  constructor(dice: Dice, lossesKnown: (instance: number) => number, wrong: string[]) {
    this.#dice = dice
    this.#lossesKnown = lossesKnown
    this.#wrong = wrong
  }

  /** Begins one random call; does not wait for it. */
  step(collection: Collection<Doc>, instance: number, key: string, id: string, at: number): void {
    const { int, pick } = this.#dice
    const count = (work: Promise<unknown>): void =>
      this.#count(work, { instance, key, id, outcome: 'open', lossesKnown: 0 })
    const run = (work: Promise<unknown>): void => this.#run(work)
    const actions: (() => void)[] = [
      () => count(collection.update(key, (d) => void d.l.splice(d.n++, 0, { id, at }))),
      () =>
        count(
          collection.update(key, (d) => {
            d.n = d.l.push({ id, at })
          }),
        ),
      () => count(collection.update(key, (d) => addInFront(d, id, at))),
      () => count(collection.update(key, (d) => addInFront(d, id, at), { timeout: 1 + int(40) })),
      () => count(collection.entry(key).then((e) => collection.update(key, (d) => addInFront(d, id, at), only(e)))),
      () => run(collection.set(key, { a: at })),
      () => run(collection.get(key).then((d) => d && collection.set(key, { s: d.s + 1 }))),
      () => run(collection.get(key)),
      () =>
        run(
          collection
            .entry(key)
            .then((e) => collection.trySet(key, 'a', at, { expectedVersion: e?.fieldVersions.a ?? 0 })),
        ),
      () => run(collection.unset(key, ['a'])),
      () => run(collection.forget(key)),
      () => run(collection.patch(key, [{ op: 'add', path: '/a', value: at }])),
      () => (int(2) === 0 ? this.#remake(collection, key) : this.#replace(collection, key, id)),
    ]
    pick(actions)()
  }

  /** What an instance holds is as the store has it, also in the midst of all this. */
  verify(sync: Sync): void {
    const verifying = sync.verify().then(({ differing }) => {
      for (const { key } of differing) this.#wrong.push(`${sync.id} holds a wrong copy of ${key}`)
    })
    this.#run(verifying)
  }

  #remake(collection: Collection<Doc>, key: string): void {
    this.rewritten.add(key)
    this.#run(collection.delete(key).then(() => collection.create(key, { n: 0, s: 0, l: [] })))
  }

  #replace(collection: Collection<Doc>, key: string, id: string): void {
    this.rewritten.add(key)
    this.#run(collection.replace(key, { n: 0, s: 0, l: [{ id: `${id}r`, at: 1 }] }))
  }

  #count(work: Promise<unknown>, write: Counted): void {
    this.counted.push(write)
    const done = work.then(
      () => {
        write.outcome = 'done'
        write.lossesKnown = this.#lossesKnown(write.instance)
      },
      (error: unknown) => {
        write.outcome = error instanceof SyncError && error.committed === 'no' ? 'refused' : 'unknown'
        throw error
      },
    )
    this.#run(done)
  }

  /** A refusal is an answer like any other; only an error that is none of ours is wrong. */
  #run(work: Promise<unknown>): void {
    const over = work.then(
      () => {},
      (error: unknown) => {
        if (!(error instanceof SyncError)) this.#wrong.push(`a call failed with ${String(error)}`)
      },
    )
    this.running.push(over)
  }
}

/** Nothing but the state that was read. */
const only = (entry: Entry<Doc> | undefined): Write => ({ ifVersion: entry?.token ?? 0 })

/** Adds at the head, and changes some of the elements behind it. */
function addInFront(doc: Doc, id: string, at: number): void {
  for (const element of doc.l) if (element.at % 3 === at % 3) element.at += 3
  doc.l.unshift({ id, at })
  doc.n++
}
