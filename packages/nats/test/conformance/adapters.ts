import type { Adapter } from '@sync/conformance'
import { natsBusHarness } from '../bus-harness.ts'

/** Adapters of this package that `pnpm conformance` runs. */
const adapters: readonly Adapter[] = [
  { name: 'NATS core', bus: () => natsBusHarness({ transport: 'core' }) },
  { name: 'NATS core, oldest server', bus: () => natsBusHarness({ transport: 'core', release: 'oldest' }) },
  { name: 'JetStream', bus: () => natsBusHarness({ transport: 'jetstream' }) },
  { name: 'JetStream, oldest server', bus: () => natsBusHarness({ transport: 'jetstream', release: 'oldest' }) },
]

export default adapters
