import { RecordingError } from '../model/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import {
  RECORDING_VERSION,
  type RecordedBookmark,
  type RecordedChange,
  type RecordingEnd,
  type RecordingStart,
} from './format.ts'
import { splitLines, type TextChunks, type TextLine } from './jsonl.ts'

/** One line of a recording, with its number (from 1) and its length in characters. */
export type RecordingLine = { readonly line: number; readonly characters: number } & (
  | { readonly start: RecordingStart }
  | { readonly change: RecordedChange }
  | { readonly bookmark: RecordedBookmark }
  | { readonly end: RecordingEnd }
)

/**
 * Reads a recording lazily: its first line, its changes, its last line. Holds at most one line and one chunk in memory.
 * @throws RecordingError (`SYNC_RECORDING`) with the number of the damaged or missing line
 */
export async function* readRecording(chunks: TextChunks): AsyncGenerator<RecordingLine, void, void> {
  let last = 0
  let changes = 0
  let isEnded = false
  for await (const line of splitLines(chunks)) {
    const content = parseLine(line)
    const characters = line.text.length
    last = line.number
    if (isEnded)
      throw new RecordingError('damaged', last, 'expected the end of the file after the last line, got another line')
    if (last === 1) yield { line: last, characters, start: parseStart(content) }
    else if ('end' in content) {
      isEnded = true
      if (content['end'] !== changes) {
        throw new RecordingError(
          'damaged',
          last,
          `expected an end line of ${changes} changes, got ${JSON.stringify(content['end'])}`,
        )
      }
      yield { line: last, characters, end: { end: changes } }
    } else if (!('key' in content) && 'position' in content) {
      yield { line: last, characters, bookmark: parseBookmark(content, last) }
    } else {
      yield { line: last, characters, change: parseChange(content, last) }
      changes++
    }
  }
  if (!isEnded) throw new RecordingError('truncated', last + 1, 'expected the end line, got the end of the file')
}

function parseLine({ number, text, isTerminated }: TextLine): JsonObject {
  let content: Json
  try {
    content = JSON.parse(text) as Json
  } catch (cause) {
    throw new RecordingError(isTerminated ? 'damaged' : 'truncated', number, 'expected JSON, got invalid text', {
      cause,
    })
  }
  if (!isJsonObject(content)) throw new RecordingError('damaged', number, 'expected a JSON object, got another value')
  return content
}

const HEADER_EXPECTED = 'expected the first line of a recording, got another object'

function parseStart(content: JsonObject): RecordingStart {
  const { recording, partition, section, from, at } = content
  const isVersioned = typeof recording === 'number' && Number.isInteger(recording) && recording >= 1
  if (!isVersioned) throw new RecordingError('damaged', 1, HEADER_EXPECTED)
  if (recording > RECORDING_VERSION) {
    throw new RecordingError('newer', 1, `expected format version ${RECORDING_VERSION} or lower, got ${recording}`)
  }
  const isValidFrom = from === 'now' || from === 'snapshot' || (isJsonObject(from) && typeof from['after'] === 'string')
  if (!isNonEmptyString(partition) || !isNonEmptyString(section) || !isValidFrom || typeof at !== 'number') {
    throw new RecordingError('damaged', 1, HEADER_EXPECTED)
  }
  return { recording, partition, section, from: from as RecordingStart['from'], at }
}

function parseBookmark({ position, synced }: JsonObject, line: number): RecordedBookmark {
  const isValid = synced === undefined || synced === 'snapshot' || synced === 'log'
  if (!isNonEmptyString(position) || !isValid)
    throw new RecordingError('damaged', line, 'expected a bookmark, got another object')
  return { position, ...(synced && { synced }) }
}

function parseChange(content: JsonObject, line: number): RecordedChange {
  const { key, kind, version, position, at, meta, value, patch, reason } = content
  const hasCommonFields =
    isNonEmptyString(key) &&
    typeof version === 'number' &&
    isNonEmptyString(position) &&
    typeof at === 'number' &&
    isMeta(meta)
  if (!hasCommonFields || !hasRequiredContent(kind, { value, patch, reason }))
    throw new RecordingError('damaged', line, 'expected a change, got another object')
  return content as unknown as RecordedChange
}

function hasRequiredContent(
  kind: Json | undefined,
  { value, patch, reason }: { value: Json | undefined; patch: Json | undefined; reason: Json | undefined },
): boolean {
  switch (kind) {
    case 'created':
      return isJsonObject(value)
    case 'reset':
      return isJsonObject(value) && isNonEmptyString(reason)
    case 'changed':
      return Array.isArray(patch) && patch.every(isJsonObject)
    case 'removed':
      return isNonEmptyString(reason)
    default:
      return false
  }
}

const isNonEmptyString = (value: Json | undefined): value is string => typeof value === 'string' && value !== ''

const isMeta = (meta: Json | undefined): boolean =>
  meta === undefined || (isJsonObject(meta) && Object.values(meta).every((value) => typeof value === 'string'))
