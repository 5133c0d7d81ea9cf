export type {
  AnyChange,
  AnyCollection,
  CallOptions,
  Change,
  ChangeBatch,
  ChangesOptions,
  ChangeWithValue,
  Collection,
  CompareAndSetResult,
  Entry,
  ImportedRow,
  ImportOptions,
  ImportResult,
  RemovedReason,
  ResetReason,
  SyncedBy,
  WriteOptions,
  WriteResult,
} from './collection/api.ts'
export type { Conflict } from './collection/conflict.ts'
export { type AnyCollectionDefinition, type CollectionDefinition, defineCollection } from './collection/definition.ts'
export type { Field, FieldValue, Frozen, JsonDocument, PartialDocument } from './collection/document.ts'
export type {
  BatchOptions,
  CacheOptions,
  CollectionOptions,
  LoadDocument,
  LoadDocuments,
  SourceOptions,
} from './collection/options.ts'
export {
  createMemoryHub,
  type DeliveryFaultOptions,
  type FaultRates,
  type MemoryBusControls,
  type MemoryHub,
  type MemoryHubOptions,
  type MemoryStoreControls,
  memoryBus,
  memoryStore,
  type SectionInspection,
} from './memory/index.ts'
export { lww, type Merge, type MergeInput, max, min, sum, union } from './merge/merge.ts'
export type { SectionRef } from './model/address.ts'
export type { Duration } from './model/duration.ts'
export * from './model/errors.ts'
export type { ETag } from './model/etag.ts'
export type { Json, JsonObject } from './model/json.ts'
export type { Operation } from './model/operation.ts'
export type { Position } from './model/position.ts'
export { type Runtime, systemRuntime } from './model/runtime.ts'
export type { ConflictEvent, SyncEvent } from './replica/events.ts'
export type { Health, SectionProgress, SyncInstance, SyncInstanceOptions, VerifyReport } from './service/api.ts'
export { createInstance } from './service/instance.ts'
export type { SyncStats } from './service/stats.ts'
export type { BusFailure, ChangeBus } from './transport/bus.ts'
export { type Fanout, fanout } from './transport/fanout/fanout.ts'
export type { FanoutOptions } from './transport/fanout/fanout-bus.ts'
export type { Store } from './transport/store.ts'
