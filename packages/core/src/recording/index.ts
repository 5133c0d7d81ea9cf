export { RecordingError, type RecordingFailure } from '../model/errors.ts'
export {
  RECORDING_VERSION,
  type RecordedBookmark,
  type RecordedChange,
  type RecordingEnd,
  type RecordingStart,
} from './format.ts'
export type { TextChunks } from './jsonl.ts'
export type { ReplayProgress } from './progress.ts'
export { type RecordingLine, readRecording } from './read.ts'
export { type RecordOptions, record } from './record.ts'
export { type ReplayOptions, replay } from './replay.ts'
