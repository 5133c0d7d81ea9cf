export type { Duration } from '../model/duration.ts'
export { ArgumentError, ClockDriftError, LimitError, SyncError } from '../model/errors.ts'
export {
  compareHybrid,
  createHybridClock,
  type HybridClock,
  type HybridOptions,
  type HybridStamp,
  type HybridTime,
  parseHybrid,
} from './hybrid.ts'
export {
  compareLamport,
  createLamportClock,
  type LamportClock,
  type LamportOptions,
  type LamportStamp,
  parseLamport,
} from './lamport.ts'
export {
  compareVector,
  emptyVector,
  incrementVector,
  mergeVector,
  parseVector,
  type VectorClock,
  type VectorOrder,
} from './vector.ts'
