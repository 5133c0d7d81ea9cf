import type { Harness } from '../harness/harness.ts'
import { Violation } from '../judge/violation.ts'
import type { Clock } from './clock.ts'
import { diceFrom } from './dice.ts'
import { settledWithin } from './settled-within.ts'

/** What a rule runs on, whatever it is about. */
export interface StageOptions {
  readonly seed: number
  /** How long a state is waited for, in ms of the harness's time. */
  readonly patience: number
  readonly clock: Clock
}

/** After so many looks one comes a few milliseconds later. */
const LATER = 10

/** Waiting, chance and cleaning up. No rule sleeps for a result: it waits for a state, with a deadline. */
export class Stage<H extends Harness> {
  readonly harness: H
  readonly seed: number
  readonly patience: number
  readonly #clock: Clock
  readonly #closing: (() => unknown)[] = []
  readonly #dice: (n: number) => number
  #names = 0

  constructor(harness: H, { seed, patience, clock }: StageOptions) {
    this.harness = harness
    this.seed = seed
    this.patience = patience
    this.#clock = clock
    this.#dice = diceFrom(seed)
  }

  /** A name that no other part of the rule has. */
  name(prefix: string): string {
    return `${prefix}${++this.#names}`
  }

  now(): number {
    return this.#clock.now()
  }

  /** For rules about time itself, and those alone. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.timer(ms, resolve))
  }

  /** A few milliseconds later: for what has to have begun, and shows nothing yet. */
  moment(): Promise<void> {
    return this.#clock.pause(LATER)
  }

  /**
   * Waits until a condition holds.
   * @throws Violation with `otherwise` if it does not come about
   */
  async until(
    condition: () => unknown,
    otherwise: string | (() => string),
    within: number = this.patience,
  ): Promise<void> {
    const end = this.now() + within
    for (let looks = 0; !(await condition()); looks++) {
      if (this.now() >= end) throw new Violation(typeof otherwise === 'string' ? otherwise : otherwise())
      await this.#clock.pause(looks)
    }
  }

  /** The value of a promise that has to settle. @throws Violation if it does not */
  settled<T>(promise: Promise<T>, what: string, within: number = this.patience): Promise<T> {
    return settledWithin(this.#clock, within, promise, `hangs: ${what}: no end after ${within} ms`)
  }

  /** A whole number from 0 below `n`, by the seed. */
  int(n: number): number {
    return this.#dice(n)
  }

  /** Two lists as one, each in its own order, by the seed. */
  mixed<T>(one: readonly T[], other: readonly T[]): T[] {
    const [a, b] = [[...one], [...other]]
    const all: T[] = []
    while (a.length + b.length > 0) all.push(...(this.int(a.length + b.length) < a.length ? a : b).splice(0, 1))
    return all
  }

  /** Does something when the rule is over, whatever becomes of it; what was begun last ends first. */
  after(work: () => unknown): void {
    this.#closing.push(work)
  }

  /** Takes care of a client's end. */
  keep<T extends { close(): Promise<void> }>(client: T): T {
    this.after(() => client.close())
    return client
  }

  /** Ends all that was begun. A client that cannot be closed is no reason to leave the others open. */
  async end(): Promise<unknown[]> {
    const failed: unknown[] = []
    for (const close of this.#closing.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        failed.push(error)
      }
    }
    return failed
  }
}
