import { ArgumentError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import { Broker } from './broker.ts'
import type { MemoryBusControls, MemoryStoreControls } from './controls.ts'
import { FaultGate } from './fault-gate.ts'
import { type MemoryHubOptions, resolveOptions } from './options.ts'
import { StoreServer } from './store-server.ts'

/** What the stores and buses of one process have in common: the server of the former, the broker of the latter. */
export interface MemoryHub {
  readonly runtime: Runtime
  readonly store: MemoryStoreControls
  readonly bus: MemoryBusControls
}

interface HubParts {
  readonly server: StoreServer
  readonly faultGate: FaultGate
  readonly broker: Broker
}

const parts = new WeakMap<MemoryHub, HubParts>()

/**
 * Makes the common ground of `memoryStore(hub)` and `memoryBus(hub)`: all clients of one hub see the same data and changes.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if an option is out of its range
 */
export function createMemoryHub(options: MemoryHubOptions = {}): MemoryHub {
  const settings = resolveOptions(options)
  const server = new StoreServer(settings)
  const faultGate = new FaultGate()
  const broker = new Broker(settings)
  const store: MemoryStoreControls = {
    makeUnavailable: () => faultGate.away(),
    makeAvailable: () => faultGate.back(),
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

/** What is behind a hub. @throws ArgumentError (`SYNC_ARGUMENT`) if it was not made by `createMemoryHub`. */
export function hubParts(hub: MemoryHub): HubParts {
  const found = parts.get(hub)
  if (!found) throw new ArgumentError('not a hub made by createMemoryHub')
  return found
}
