// Entry point `@sync/core/adapter`: contracts and helpers for authors of a store or a bus. Errors are exported by
// `@sync/core`.
export { type DocumentRef, isDocumentRef, type Scope, type SectionRef, scopeId, sectionOf } from './model/address.ts'
export {
  assertDocumentRef,
  assertInteger,
  assertOptions,
  assertScope,
  assertSectionRef,
  type OptionNames,
} from './model/assert.ts'
export { type Change as WireChange, type FieldEdit, isCreation } from './model/change.ts'
export { parseDuration } from './model/duration.ts'
export { messageOf, messagesOf } from './model/errors.ts'
export { hash32 } from './model/hash.ts'
export { describeImportFailure } from './model/import-failure.ts'
export type { LogPosition } from './model/position.ts'
export type { SectionDefinition, SubscribeBy } from './model/section-definition.ts'
export { assertPasswordEncoded } from './model/unencoded-password.ts'
export { assertCommitRequest, assertKeyQuery, assertTtl } from './transport/assert-request.ts'
export type {
  BusCapabilities,
  BusFailure,
  BusStatus,
  ChangeBus,
  FrameHandler,
  InCommitPublisher,
  SubscribeOptions,
  Subscription,
} from './transport/bus.ts'
export {
  type BusTransport,
  createBus,
  type TransportCall,
  type TransportState,
  type Unsubscribe,
} from './transport/create-bus.ts'
export { type DecodedFrame, decodeChange, decodeFrame } from './transport/decode.ts'
export { type Diagnosis, diagnoseLatency, type SectionSummary } from './transport/diagnosis.ts'
export { assembleChange, type ChangeParts, type EditParts, headMarker } from './transport/encode.ts'
export { encodeFrames, type Frame, omitEdits } from './transport/frames.ts'
export { listKeys } from './transport/list-keys.ts'
export { Listeners, throwUncaught } from './transport/listeners.ts'
export * from './transport/store.ts'
export { compareCodePoints } from './transport/utf8.ts'
export { type EncodedChange, WIRE_VERSION } from './transport/wire.ts'
export { commonSequence, type Fork, includesPosition, type SectionState } from './versioning/section-state.ts'
