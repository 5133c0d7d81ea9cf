import { Violation } from '../checkers/assertions.ts'
import type { Harness } from '../harness/harness.ts'
import type { Clock } from './clock.ts'
import { createSeededRandom } from './seeded-random.ts'
import { withTimeout } from './with-timeout.ts'

/** Settings of a rule's run. */
export interface TestContextOptions {
  readonly seed: number
  /** Maximum time to wait for a state, in ms of the harness's time. */
  readonly stateTimeout: number
  readonly clock: Clock
}

/** Number of polls after which a pause takes a few milliseconds. */
const PAUSE_AFTER_POLLS = 10

/** Waiting, randomness and clean-up of a rule. A rule never sleeps for a result: it waits for a state, with a deadline. */
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

  /** Returns a name that is unique within the rule. */
  uniqueName(prefix: string): string {
    return `${prefix}${++this.#names}`
  }

  now(): number {
    return this.#clock.now()
  }

  /** Resolves after `ms`. Only for rules about time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(ms, resolve))
  }

  /** Resolves after a few milliseconds, for work that must have begun but shows no state yet. */
  shortPause(): Promise<void> {
    return this.#clock.pause(PAUSE_AFTER_POLLS)
  }

  /**
   * Waits until a condition holds.
   * @throws Violation with the message if it does not hold in time.
   */
  async waitUntil(
    condition: () => unknown,
    message: string | (() => string),
    timeoutMs: number = this.stateTimeout,
  ): Promise<void> {
    const deadline = this.now() + timeoutMs
    for (let polls = 0; !(await condition()); polls++) {
      if (this.now() >= deadline) throw new Violation(typeof message === 'string' ? message : message())
      await this.#clock.pause(polls)
    }
  }

  /**
   * Resolves or rejects as the promise does.
   * @throws Violation if the promise does not settle in time.
   */
  withTimeout<T>(promise: Promise<T>, what: string, timeoutMs: number = this.stateTimeout): Promise<T> {
    return withTimeout(this.#clock, timeoutMs, promise, what)
  }

  /** Returns an integer from 0 to `n` - 1, determined by the seed. */
  randomInt(n: number): number {
    return this.#randomInt(n)
  }

  /** Merges two lists in an order determined by the seed; each list keeps its own order. */
  interleave<T>(one: readonly T[], other: readonly T[]): T[] {
    const [a, b] = [[...one], [...other]]
    const all: T[] = []
    while (a.length + b.length > 0) all.push(...(this.randomInt(a.length + b.length) < a.length ? a : b).splice(0, 1))
    return all
  }

  /** Registers work that runs after the rule has passed or failed, in reverse order of registration. */
  onCleanup(work: () => unknown): void {
    this.#cleanups.push(work)
  }

  /** Closes a client after the rule, and returns it. */
  closeOnCleanup<T extends { close(): Promise<void> }>(client: T): T {
    this.onCleanup(() => client.close())
    return client
  }

  /** Runs the registered clean-up, and returns its errors. An error does not prevent the rest of the clean-up. */
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
