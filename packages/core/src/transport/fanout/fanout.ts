import type { BusCapabilities, BusFailure, ChangeBus } from '../bus.ts'
import { FanoutBus, type FanoutOptions } from './fanout-bus.ts'

/**
 * Several buses as one: publishes to all and hears all.
 *
 * `publish` resolves when one bus has taken the changes. Each bus is sent to by itself, a section's changes in order, what it
 * refuses up to 6 times; what it then gives up, or what would wait beyond 10,000 changes, is told by `onFailure`. It rejects
 * only when every bus that answers has given up.
 *
 * `subscribe` resolves when it is live on every bus; when one refuses, or takes 250 ms longer than the first, without it:
 * that one joins when it can. It rejects when all refuse.
 *
 * `interrupted`: changes may be missed on one bus at least. `resumed`: one more bus is heard again, and what was missed has to
 * be asked for; it is followed by `interrupted` where others are still missed.
 */
export interface Fanout extends ChangeBus {
  /** The weakest of each that its buses have now, the smallest payload; several buses together have an order per publisher at most. */
  readonly capabilities: BusCapabilities
  onFailure(listener: (failure: BusFailure) => void): () => void
  /**
   * Takes one more bus in, which is closed with the others from now on. What is published goes to it at once; resolves when
   * every subscription is live on it, however long that takes, and tells `resumed`.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if it is in already; ClosedError (`SYNC_CLOSED`) if it is taken out meanwhile; what the bus refused for good, which is then out again and left open
   */
  add(bus: ChangeBus): Promise<void>
  /**
   * Takes a bus out and closes it, once it has taken what waits for it (see `deadline`). Await `add` of its successor first.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if it is not in, or the last one
   */
  remove(bus: ChangeBus): Promise<void>
}

/**
 * Makes one bus of several, which it owns from now on: `close` closes them. A change that several of them bring is handed
 * over once, unless one brings it 10,000 changes later or just as a bus comes or goes. An instance hears its own changes if one of the buses has an echo.
 *
 * Moves a fleet from one bus to another without a gap: `fanout(a, b)` in a first rolling deploy, `b` in a second.
 * @throws ArgumentError (`SYNC_ARGUMENT`) without a bus, or with the same one twice
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
