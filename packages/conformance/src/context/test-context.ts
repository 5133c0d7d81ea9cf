import { Violation } from '../checkers/assertions.ts'
import type { Harness } from '../harness/harness.ts'
import type { Clock } from './clock.ts'
import { createSeededRandom } from './seeded-random.ts'
import { withTimeout } from './with-timeout.ts'

/** What a rule runs on, whatever it is about. */
export interface TestContextOptions {
  readonly seed: number
  /** How long a state is waited for, in ms of the harness's time. */
  readonly stateTimeout: number
  readonly clock: Clock
}

/** After so many looks one comes a few milliseconds later. */
const PAUSE_AFTER_POLLS = 10

/** Waiting, chance and cleaning up. No rule sleeps for a result: it waits for a state, with a deadline. */
export class TestContext<H extends Harness> {
  readonly harness: H
  readonly seed: number
  readonly stateTimeout: number
  readonly #clock: Clock
  readonly #cleanups: (() => unknown)[] = []
  readonly #randomInt: (n: number) => number
  #names = 0

  constructor(harness: H, { seed, stateTimeout, clock }: TestContextOptions) {
    this.harness = harness
    this.seed = seed
    this.stateTimeout = stateTimeout
    this.#clock = clock
    this.#randomInt = createSeededRandom(seed)
  }

  /** A name that no other part of the rule has. */
  uniqueName(prefix: string): string {
    return `${prefix}${++this.#names}`
  }

  now(): number {
    return this.#clock.now()
  }

  /** For rules about time itself, and those alone. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(ms, resolve))
  }

  /** A few milliseconds later: for what has to have begun, and shows nothing yet. */
  shortPause(): Promise<void> {
    return this.#clock.pause(PAUSE_AFTER_POLLS)
  }

  /**
   * Waits until a condition holds.
   * @throws Violation with `otherwise` if it does not come about
   */
  async waitUntil(
    condition: () => unknown,
    message: string | (() => string),
    timeoutMs: number = this.stateTimeout,
  ): Promise<void> {
    const cleanUp = this.now() + timeoutMs
    for (let polls = 0; !(await condition()); polls++) {
      if (this.now() >= cleanUp) throw new Violation(typeof message === 'string' ? message : message())
      await this.#clock.pause(polls)
    }
  }

  /** The value of a promise that has to settle. @throws Violation if it does not */
  withTimeout<T>(promise: Promise<T>, what: string, timeoutMs: number = this.stateTimeout): Promise<T> {
    return withTimeout(this.#clock, timeoutMs, promise, `hangs: ${what}: no end after ${timeoutMs} ms`)
  }

  /** A whole number from 0 below `n`, by the seed. */
  randomInt(n: number): number {
    return this.#randomInt(n)
  }

  /** Two lists as one, each in its own order, by the seed. */
  interleave<T>(one: readonly T[], other: readonly T[]): T[] {
    const [a, b] = [[...one], [...other]]
    const all: T[] = []
    while (a.length + b.length > 0) all.push(...(this.randomInt(a.length + b.length) < a.length ? a : b).splice(0, 1))
    return all
  }

  /** Does something when the rule is over, whatever becomes of it; what was begun last ends first. */
  onCleanup(work: () => unknown): void {
    this.#cleanups.push(work)
  }

  /** Takes care of a client's end. */
  closeOnCleanup<T extends { close(): Promise<void> }>(client: T): T {
    this.onCleanup(() => client.close())
    return client
  }

  /** Ends all that was begun. A client that cannot be closed is no reason to leave the others open. */
  async cleanUp(): Promise<unknown[]> {
    const failed: unknown[] = []
    for (const close of this.#cleanups.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        failed.push(error)
      }
    }
    return failed
  }
}
