import type { SyncInstance, SyncInstanceOptions } from '@sync/core'
import type { ChangeBus, EncodedChange, Scope, SectionRef, Store } from '@sync/core/adapter'
import type { VirtualRuntime } from '@sync/core/testing'

type Action = () => void | Promise<void>

/** Faults that a harness can inject into a server, and their reversal. Rules that need an omitted fault are skipped with a reason. */
export interface Faults {
  /** Ends the server at once, as SIGKILL does. It is then unavailable. */
  readonly kill?: Action
  /** Starts the server again after `kill`, with all data that its declared durability covers. */
  readonly restart?: Action
  /** Freezes the server, as SIGSTOP does: connections stay open, and calls get no answer. */
  readonly pause?: Action
  /** Ends `pause`. */
  readonly resume?: Action
  /** Cuts every connection of every client once. The server accepts new ones. */
  readonly cut?: Action
  /** Promotes another node, which has all data. */
  readonly failOver?: Action
  /** Promotes the first node again, after `failOver`. */
  readonly failBack?: Action
}

/** Faults that a harness can inject into a bus. */
export interface BusFaults extends Faults {
  /** Loses the next `n` deliveries. */
  readonly drop?: (n: number) => void | Promise<void>
}

/** Faults that a harness can inject into a store. */
export interface StoreFaults extends Faults {
  /** Executes the next `n` commit calls, and loses their replies. */
  readonly loseReplies?: (n: number) => void | Promise<void>
  /** Restarts the server without its last `n` commits. */
  readonly loseTail?: (n: number) => void | Promise<void>
  /** Deletes a section's counters and keeps its documents, as an eviction could. */
  readonly loseCounters?: (section: SectionRef) => void | Promise<void>
}

/** Members that all harnesses have. Each rule gets a new harness, so that rules do not affect each other. */
export interface Harness {
  /** Name that is unique to the harness. Rules use it as partition, so that they can share a server. */
  readonly namespace: string
  /** Virtual clock on which the adapter runs (`createVirtualRuntime`); rules about hours then take no time. Default: the machine's clock. */
  readonly time?: VirtualRuntime
  /** Closes what the harness itself has opened. Called after all clients were closed. */
  close(): Promise<void>
  /** Errors thrown by handlers and listeners, if the adapter passes them to an error handler. Default: the process's uncaught exceptions. */
  readonly thrown?: readonly unknown[]
  /** Arguments of `node` for a program that opens a client, uses it and closes it. It must then exit. */
  readonly program?: readonly string[]
}

/** Client on an injected connection. */
export interface Injected<T> {
  readonly client: T
  /** True if the injected connection is still open. */
  isOpen(): boolean | Promise<boolean>
  /** Closes the injected connection. */
  end(): Promise<void>
}

/** Client whose server does not exist. */
export interface Unreachable<T> {
  /** Address that the error's message must contain. */
  readonly address: string
  /** Opens a client for the address; it may reject. */
  open(): Promise<T>
}

/** Harness of a bus. Rules that need an omitted member are skipped. */
export interface BusHarness extends Harness {
  /** Opens an independent client. */
  open(): Promise<ChangeBus>
  readonly faults?: BusFaults
  /** Opens a client on an injected connection. */
  readonly injected?: () => Promise<Injected<ChangeBus>>
  /** Client of an address without a server. */
  readonly unreachable?: Unreachable<ChangeBus>
  /** Publishes changes from another process. */
  readonly publishFromOtherProcess?: (scope: Scope, changes: readonly EncodedChange[]) => Promise<void>
}

/** Limits of the harness's store, if they are small enough for rules to reach. */
export interface StoreLimits {
  /** Maximum number of changes in a section's log. */
  readonly maxChanges?: number
  /** Maximum number of results in a section's op memory. */
  readonly maxOpResults?: number
}

/** Harness of a store. Rules that need an omitted member are skipped. */
export interface StoreHarness extends Harness {
  /** Opens an independent client. */
  open(): Promise<Store>
  readonly faults?: StoreFaults
  readonly limits?: StoreLimits
  /** Opens a client on an injected connection. */
  readonly injected?: () => Promise<Injected<Store>>
  /** Client of an address without a server. */
  readonly unreachable?: Unreachable<Store>
}

/** Options of an instance that a harness opens. */
export interface InstanceOptions extends Omit<SyncInstanceOptions, 'store' | 'bus' | 'runtime'> {
  /** Time by which the instance's clock is ahead of the others, in ms. Default 0. */
  readonly skew?: number
}

/** Harness of a whole stack: a store, a bus, and the core on top of them. */
export interface SyncHarness extends Harness {
  /** Opens an independent instance. */
  open(options?: InstanceOptions): Promise<SyncInstance>
  /** Opens a client of the store beside the instances. */
  store(): Promise<Store>
  /** Opens a client of the bus beside the instances. */
  bus(): Promise<ChangeBus>
  readonly storeFaults?: StoreFaults
  readonly busFaults?: BusFaults
}

/** Adapter under test: a bus, a store, or both. The stack uses the in-memory adapter in place of a missing half. */
export interface Adapter {
  /** Name in reports. */
  readonly name: string
  /** Creates a harness of the bus. */
  readonly bus?: () => Promise<BusHarness>
  /** Creates a harness of the store. */
  readonly store?: () => Promise<StoreHarness>
  /** Creates a harness of the whole stack. Default: combines `store` and `bus`. */
  readonly sync?: () => Promise<SyncHarness>
}
