import type { CommitResult, OpId } from '../transport/store.ts'
import type { Standing } from '../versioning/lineage.ts'
import type { Journal } from './journal.ts'
import { RotatingMap } from './rotating.ts'

type WithoutStanding<R> = R extends unknown ? Omit<R, 'standing'> : never

/** An answer that is remembered: all of it but the standing, which is told as of the day. */
export type Answer = WithoutStanding<Extract<CommitResult, { status: 'committed' | 'unchanged' | 'conflict' }>>

interface Remembered {
  readonly attempt: number
  readonly answer: Answer
}

/** A conflict answers the attempts up to its own, whatever else was answered the write, and so every attempt at it. */
const valid = (known: Remembered | undefined, attempt: number): Answer | undefined =>
  known && (known.answer.status !== 'conflict' || attempt <= known.attempt) ? known.answer : undefined

/**
 * The op memory of a section: its last answers, bounded by their number and text, never by time, so that an outage ages
 * nothing. Answers are numbered; those up to `floor` are forgotten.
 */
export class AnswerMemory {
  readonly #half: number
  readonly #halfText: number
  readonly #journal: Journal
  readonly #answers: RotatingMap<Remembered>
  #state: { readonly count: number; readonly rotatedAt: number; readonly text: number; readonly floor: number } = {
    count: 0,
    rotatedAt: 0,
    text: 0,
    floor: 0,
  }

  constructor(limits: { readonly maxAnswers: number; readonly maxAnswerText: number }, journal: Journal) {
    this.#half = Math.floor(limits.maxAnswers / 2)
    this.#halfText = limits.maxAnswerText / 2
    this.#journal = journal
    this.#answers = new RotatingMap(journal)
  }

  /** How many answers have been numbered so far. */
  get count(): number {
    return this.#state.count
  }

  recall({ id, attempt }: OpId): Answer | undefined {
    return valid(this.#answers.get(id), attempt)
  }

  remember({ id, attempt }: OpId, answer: Answer): void {
    const before = this.#state
    if (this.#journal.on) this.#journal.note(() => (this.#state = before))
    let { rotatedAt, text, floor } = before
    if (before.count - rotatedAt >= this.#half || text >= this.#halfText) {
      this.#answers.rotate()
      floor = rotatedAt
      rotatedAt = before.count
      text = 0
    }
    if (answer.status === 'committed') text += answer.change.text.length
    this.#state = { count: before.count + 1, rotatedAt, text, floor }
    this.#answers.set(id, { attempt, answer })
  }

  /** May an op of this birth have been answered and forgotten since? Then it must not run, for it may run twice. */
  outlived(born: OpId['born'], { epoch, lineage }: Pick<Standing, 'epoch' | 'lineage'>): boolean {
    if (born.epoch === epoch) return born.answers < this.#state.floor
    const fork = lineage.find((each) => each.epoch === born.epoch)
    return !fork || Math.min(born.answers, fork.answers) < this.#state.floor
  }
}

/** The answers to op ids that callers gave: by document, for a time, so that they outlive the writer. */
export class KeptAnswers {
  readonly #opMemory: number
  readonly #journal: Journal
  readonly #answers: RotatingMap<Remembered>
  #rotatedAt = Number.NEGATIVE_INFINITY

  constructor(opMemory: number, journal: Journal) {
    this.#opMemory = opMemory
    this.#journal = journal
    this.#answers = new RotatingMap(journal)
  }

  recall(key: string, { id, attempt }: OpId, now: number): Answer | undefined {
    this.#age(now)
    return valid(this.#answers.get(keptId(key, id)), attempt)
  }

  remember(key: string, { id, attempt }: OpId, answer: Answer, now: number): void {
    this.#age(now)
    this.#answers.set(keptId(key, id), { attempt, answer })
  }

  #age(now: number): void {
    const before = this.#rotatedAt
    if (now - before < this.#opMemory) return
    if (this.#journal.on) this.#journal.note(() => (this.#rotatedAt = before))
    this.#answers.rotate()
    if (now - before >= 2 * this.#opMemory) this.#answers.rotate()
    this.#rotatedAt = now
  }
}

const keptId = (key: string, id: string): string => `${key.length}:${key}${id}`
