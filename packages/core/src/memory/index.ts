export { memoryBus } from './bus.ts'
export type {
  DeliveryFaultOptions,
  FaultRates,
  MemoryBusControls,
  MemoryStoreControls,
  SectionInspection,
} from './controls.ts'
export { createMemoryHub, type MemoryHub } from './hub.ts'
export type { MemoryHubOptions } from './options.ts'
export { memoryStore } from './store.ts'
