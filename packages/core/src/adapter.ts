// What the author of a store or a bus needs, beside the errors that `@sync/core` exports.
export { type DocumentRef, isDocumentRef, type Scope, type SectionRef, scopeId, sectionOf } from './model/address.ts'
export { type Change as WireChange, type FieldEdit, isBirth } from './model/change.ts'
export { checkDocument, checkScope, checkSection } from './model/check-address.ts'
export { milliseconds } from './model/duration.ts'
export { hash32 } from './model/hash.ts'
export type { Place } from './model/position.ts'
export type { Follow, SectionDefinition } from './model/section-definition.ts'
export { wholeNumber } from './model/whole-number.ts'
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
export { type DecodedFrame, decodeChange, decodeFrame } from './transport/decode.ts'
export { type ChangePieces, type EditPiece, joinChange, reachedChange } from './transport/encode.ts'
export { type Frame, frames, omitEdits } from './transport/frames.ts'
export { Listeners, throwLater } from './transport/listeners.ts'
export { checkRequest, checkTtl } from './transport/request.ts'
export * from './transport/store.ts'
export { type EncodedChange, WIRE_VERSION } from './transport/wire.ts'
export { commonUpTo, type Fork, holds, type Standing } from './versioning/lineage.ts'
