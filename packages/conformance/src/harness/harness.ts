import type { SyncInstance, SyncInstanceOptions } from '@sync/core'
import type { ChangeBus, EncodedChange, Scope, SectionRef, Store } from '@sync/core/adapter'
import type { VirtualRuntime } from '@sync/core/testing'

type Action = () => void | Promise<void>

/** What an author can do to a server, and undo. What is left out is not tested, and the report says so. */
export interface Faults {
  /** It ends at once, as by SIGKILL: nobody reaches it. */
  readonly kill?: Action
  /** It is there again after `kill`, with all that it has promised to keep. */
  readonly restart?: Action
  /** It freezes, as by SIGSTOP: connections stay, nothing is answered. */
  readonly pause?: Action
  /** Ends `pause`. */
  readonly resume?: Action
  /** Every connection of every client is cut once; the server is up and takes new ones. */
  readonly cut?: Action
  /** Another node takes over, with all data. */
  readonly failOver?: Action
  /** After `failOver`: the first node takes over again. */
  readonly failBack?: Action
}

/** What can be done to a bus. */
export interface BusFaults extends Faults {
  /** The next `n` deliveries are lost on the way. */
  readonly drop?: (n: number) => void | Promise<void>
}

/** What can be done to a store. */
export interface StoreFaults extends Faults {
  /** The next `n` commit calls are carried out, their answers lost. */
  readonly loseReplies?: (n: number) => void | Promise<void>
  /** The server comes back without its last `n` commits. */
  readonly loseTail?: (n: number) => void | Promise<void>
  /** The section's counters vanish while its documents stay, as by eviction. */
  readonly loseCounters?: (section: SectionRef) => void | Promise<void>
}

/** What the harnesses of all kinds have. One is made for every rule: nothing leaks from one to the next. */
export interface Harness {
  /** New for every harness: rules use it as partition, so that they share a server without meeting. */
  readonly namespace: string
  /** Time that is moved by hand (`createVirtualRuntime`): with it rules about hours take no time. Default: the machine's. */
  readonly time?: VirtualRuntime
  /** Ends what the harness itself has opened. Clients were closed before. */
  close(): Promise<void>
  /** What handlers and listeners threw, if the adapter hands it to somebody; else uncaught errors are watched for. */
  readonly thrown?: readonly unknown[]
  /** Arguments for `node`: a program that opens a client, uses it, closes it, and has nothing else to do. */
  readonly program?: readonly string[]
}

/** A client that was given a connection from outside. */
export interface Injected<T> {
  readonly client: T
  /** Is the connection that was given still open? */
  isOpen(): boolean | Promise<boolean>
  /** Closes it. */
  end(): Promise<void>
}

/** A client that is told to connect where nobody listens. */
export interface Unreachable<T> {
  /** What the error has to name. */
  readonly address: string
  open(): Promise<T>
}

/** What the rules need of a bus. */
export interface BusHarness extends Harness {
  /** An independent client at every call. */
  open(): Promise<ChangeBus>
  readonly faults?: BusFaults
  readonly injected?: () => Promise<Injected<ChangeBus>>
  readonly unreachable?: Unreachable<ChangeBus>
  /** Publishes from another process. */
  readonly publishFromOtherProcess?: (scope: Scope, changes: readonly EncodedChange[]) => Promise<void>
}

/** How much a store of a harness keeps, where it was made small so that its edges can be reached. */
export interface StoreLimits {
  /** The most changes in a section's log. */
  readonly maxChanges?: number
  /** The most answers in a section's op memory. */
  readonly maxOpResults?: number
}

/** What the rules need of a store. */
export interface StoreHarness extends Harness {
  /** An independent client at every call. */
  open(): Promise<Store>
  readonly faults?: StoreFaults
  readonly limits?: StoreLimits
  readonly injected?: () => Promise<Injected<Store>>
  readonly unreachable?: Unreachable<Store>
}

/** How an instance is opened. */
export interface InstanceOptions extends Omit<SyncInstanceOptions, 'store' | 'bus' | 'runtime'> {
  /** How far its clock is ahead of the others', in ms. Default 0. */
  readonly skew?: number
}

/** What the rules need of a whole stack: store, bus and the core over both. */
export interface SyncHarness extends Harness {
  /** An independent instance at every call. */
  open(options?: InstanceOptions): Promise<SyncInstance>
  /** A client of the store beside the instances. */
  store(): Promise<Store>
  /** A client of the bus beside the instances. */
  bus(): Promise<ChangeBus>
  readonly storeFaults?: StoreFaults
  readonly busFaults?: BusFaults
}

/** What can be tested: a bus, a store, or both. Of what is missing the stack takes the in-memory one. */
export interface Adapter {
  readonly name: string
  readonly bus?: () => Promise<BusHarness>
  readonly store?: () => Promise<StoreHarness>
  /** The whole stack. Default: made of the two others. */
  readonly sync?: () => Promise<SyncHarness>
}
