import type { Adapter } from '@sync/conformance'
import { natsBusHarness } from '../bus-harness.ts'

/** What `pnpm conformance` runs of this package. */
const adapters: readonly Adapter[] = [
  { name: 'NATS core', bus: () => natsBusHarness({ bus: 'core' }) },
  { name: 'NATS core, oldest server', bus: () => natsBusHarness({ bus: 'core', release: 'oldest' }) },
  { name: 'JetStream', bus: () => natsBusHarness({ bus: 'jetstream' }) },
  { name: 'JetStream, oldest server', bus: () => natsBusHarness({ bus: 'jetstream', release: 'oldest' }) },
]

export default adapters
