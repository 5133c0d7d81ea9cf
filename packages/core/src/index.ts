export type {
  Change,
  ChangesOptions,
  Collection,
  Entry,
  RemovedReason,
  ResetReason,
  TrySet,
  Wait,
  Write,
  Written,
} from './collection/api.ts'
export {
  type CollectionOptions,
  type Definition,
  defineCollection,
  type Field,
  type FieldValue,
  type Frozen,
  type JsonDocument,
  type SomeFields,
} from './collection/definition.ts'
export {
  createMemoryHub,
  type DeliveryChances,
  type MemoryBusControls,
  type MemoryHub,
  type MemoryHubOptions,
  type MemoryStoreControls,
  memoryBus,
  memoryStore,
  type SectionInspection,
} from './memory/index.ts'
export { lww, type Merge, type MergeInput, max, min, sum, union } from './merge/merge.ts'
export type { Duration } from './model/duration.ts'
export * from './model/errors.ts'
export type { Json, JsonObject } from './model/json.ts'
export type { Operation } from './model/operation.ts'
export type { Position } from './model/position.ts'
export { type Runtime, systemRuntime } from './model/runtime.ts'
export type { SyncEvent } from './replica/events.ts'
export type { Sync, SyncOptions } from './service/api.ts'
export type { SyncStats } from './service/stats.ts'
export { createSync } from './service/sync.ts'
export type { ChangeBus } from './transport/bus.ts'
export type { Store } from './transport/store.ts'
