import type { BusCapabilities, BusFailure, ChangeBus } from '../bus.ts'
import { FanoutBus, type FanoutOptions } from './fanout-bus.ts'

/**
 * Several buses combined into one. Publishes to all and receives from all.
 *
 * `publish` resolves when one bus has taken the changes. Each bus has its own queue, in which a section's changes stay
 * in order and are tried up to 6 times. Changes that a bus gives up, or that exceed its queue of 10,000 changes, are
 * reported by `onFailure`. `publish` rejects only when every bus that answers has given up.
 *
 * `subscribe` resolves when the subscription is live on every bus. If a bus rejects, or takes 250 ms longer than the
 * first, it resolves without that bus, which joins later. It rejects when all buses reject.
 *
 * `interrupted`: changes may be missed on at least one bus. `resumed`: another bus delivers again, and missed changes
 * must be read from the store. `interrupted` follows if other buses are still missing.
 */
export interface Fanout extends ChangeBus {
  /**
   * The weakest of the members' current guarantees, and their smallest frame size. The ordering of several buses is at
   * most `per-publisher`.
   */
  readonly capabilities: BusCapabilities
  /** Subscribes to failures of single members. Returns an unsubscribe function. */
  onFailure(listener: (failure: BusFailure) => void): () => void
  /**
   * Adds a bus, which the fan-out owns from now on. Changes are published to it at once. Resolves and emits `resumed`
   * when every subscription is live on it, without a time limit.
   *
   * If the bus rejects a subscription permanently, `add` rejects with that error, and the bus is removed and left open.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if the bus is already a member
   * @throws ClosedError (`SYNC_CLOSED`) if the bus is removed before it has joined
   */
  add(bus: ChangeBus): Promise<void>
  /**
   * Removes and closes a bus, once it has taken its queued changes (see `deadline`). Await `add` of its successor
   * first.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if the bus is not a member, or the last one
   */
  remove(bus: ChangeBus): Promise<void>
}

/**
 * Combines several buses into one that owns them: `close` closes them.
 *
 * A change that several buses deliver is handed over once, unless one bus delivers it 10,000 changes later, or while a
 * member is added or removed. An instance receives its own changes if one of the buses echoes.
 *
 * Moves a fleet from one bus to another without a gap: `fanout(a, b)` in a first rolling deploy, `b` in a second.
 * @throws ArgumentError (`SYNC_ARGUMENT`) without a bus, or with the same bus twice
 */
export function fanout(...buses: readonly ChangeBus[]): Fanout
export function fanout(options: FanoutOptions, ...buses: readonly ChangeBus[]): Fanout
export function fanout(...args: readonly (ChangeBus | FanoutOptions)[]): Fanout {
  const [first, ...others] = args
  return first === undefined || isBus(first)
    ? new FanoutBus(args as readonly ChangeBus[], {})
    : new FanoutBus(others as readonly ChangeBus[], first)
}

const isBus = (value: ChangeBus | FanoutOptions): value is ChangeBus => 'publish' in value
