import { type Collection, type Entry, type Sync, SyncError, type Write } from '@sync/core'
import type { Dice } from './dice.ts'

/** A document of the simulation: a field for each merge strategy, and a list of the ids of all writes that counted. */
export interface Doc {
  a?: number
  n: number
  s: number
  l: { id: string; at: number }[]
  hi?: number
  lo?: number
  u?: { id: string }[]
}

/** Where, when and by which id a call is made. */
export interface Step {
  readonly instance: number
  readonly key: string
  readonly id: string
  readonly at: number
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
  readonly #lossesKnown: (instance: number) => number
  readonly #wrong: string[]

  constructor(lossesKnown: (instance: number) => number, wrong: string[]) {
    this.#lossesKnown = lossesKnown
    this.#wrong = wrong
  }

  /** Begins one random call; does not wait for it. Tells what it is. */
  step(collection: Collection<Doc>, { int, pick }: Dice, { instance, key, id, at }: Step): string {
    const count = (work: Promise<unknown>): void =>
      this.#count(work, { instance, key, id, outcome: 'open', lossesKnown: 0 })
    const run = (work: Promise<unknown>): void => this.#run(work)
    const calls: Readonly<Record<string, () => void>> = {
      'update, inside the list': () => count(collection.update(key, (d) => void d.l.splice(d.n++, 0, { id, at }))),
      'update, at the end': () =>
        count(
          collection.update(key, (d) => {
            d.n = d.l.push({ id, at })
          }),
        ),
      'update, in front': () => count(collection.update(key, (d) => addInFront(d, id, at))),
      'update in time': () => count(collection.update(key, (d) => addInFront(d, id, at), { timeout: 1 + int(40) })),
      'update of what was read': () =>
        count(collection.entry(key).then((e) => collection.update(key, (d) => addInFront(d, id, at), only(e)))),
      'set a register': () => run(collection.set(key, { a: at })),
      'set a sum': () => run(collection.get(key).then((d) => d && collection.set(key, { s: d.s + 1 }))),
      'set the greatest and the least': () =>
        run(collection.get(key).then((d) => d && collection.set(key, { hi: at, lo: -at }))),
      'set a union': () =>
        run(collection.get(key).then((d) => d && collection.set(key, { u: [...(d.u ?? []), { id }] }))),
      get: () => run(collection.get(key)),
      trySet: () =>
        run(
          collection
            .entry(key)
            .then((e) => collection.trySet(key, 'a', at, { expectedVersion: e?.fieldVersions.a ?? 0 })),
        ),
      unset: () => run(collection.unset(key, ['a'])),
      forget: () => run(collection.forget(key)),
      patch: () => run(collection.patch(key, [{ op: 'add', path: '/a', value: at }])),
      'replace, or delete and create': () =>
        int(2) === 0 ? this.#remake(collection, key) : this.#replace(collection, key, id),
    }
    const name = pick(Object.keys(calls))
    calls[name]?.()
    return `instance ${instance}: ${name} of ${key}`
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
