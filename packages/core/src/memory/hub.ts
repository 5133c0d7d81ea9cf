import { ArgumentError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import { Broker } from './broker.ts'
import type { MemoryBusControls, MemoryStoreControls } from './controls.ts'
import { FaultGate } from './fault-gate.ts'
import { type MemoryHubOptions, resolveOptions } from './options.ts'
import { StoreServer } from './store-server.ts'

/** In-process server and broker that memory stores and buses share, with their fault controls. */
export interface MemoryHub {
  readonly runtime: Runtime
  /** Fault controls and inspection of the stores' server. */
  readonly store: MemoryStoreControls
  /** Fault controls of the buses' broker. */
  readonly bus: MemoryBusControls
}

interface HubParts {
  readonly server: StoreServer
  readonly faultGate: FaultGate
  readonly broker: Broker
}

const parts = new WeakMap<MemoryHub, HubParts>()

/**
 * Creates the hub for `memoryStore(hub)` and `memoryBus(hub)`. All clients of one hub share data and changes.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if an option is out of range
 */
export function createMemoryHub(options: MemoryHubOptions = {}): MemoryHub {
  const settings = resolveOptions(options)
  const server = new StoreServer(settings)
  const faultGate = new FaultGate()
  const broker = new Broker(settings)
  const store: MemoryStoreControls = {
    makeUnavailable: () => faultGate.makeUnavailable(),
    makeAvailable: () => faultGate.makeAvailable(),
    pause: () => faultGate.pause(),
    resume: () => faultGate.resume(),
    loseReplies: (n) => faultGate.loseReplies(n),
    restart: () => server.restart(),
    loseTail: (n) => server.loseTail(n),
    inspect: (section) => server.inspect(section),
  }
  const hub: MemoryHub = Object.freeze({ runtime: settings.runtime, store, bus: broker.controls })
  parts.set(hub, { server, faultGate, broker })
  return hub
}

/** Returns the parts behind a hub. @throws ArgumentError (`SYNC_ARGUMENT`) if it was not created by `createMemoryHub` */
export function hubParts(hub: MemoryHub): HubParts {
  const found = parts.get(hub)
  if (!found) throw new ArgumentError('hub: expected the result of createMemoryHub(), got another value')
  return found
}
