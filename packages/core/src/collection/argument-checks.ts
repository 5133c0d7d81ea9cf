import {
  assertFunction,
  assertNonEmptyString,
  assertOneOf,
  assertOptions,
  formatValue,
  type OptionNames,
  typeName,
} from '../model/assert.ts'
import { parseDuration } from '../model/duration.ts'
import { ArgumentError } from '../model/errors.ts'
import { decodeETag } from '../model/etag.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { decodePosition, type Position } from '../model/position.ts'
import { toJson } from '../model/to-json.ts'
import type { CallOptions, ChangesOptions, ImportOptions, WriteOptions } from './api.ts'
import type { StreamOptions } from './change-stream.ts'
import type { WriteOperation } from './write-operation.ts'

/** Options of `changes()`, without the type of the documents. */
export type StreamRequest = Omit<ChangesOptions<unknown>, 'fields'> & { readonly fields?: readonly string[] }

const CALL_OPTIONS: OptionNames<CallOptions> = { signal: true, timeout: true }
const WRITE_OPTIONS: OptionNames<WriteOptions> = {
  ...CALL_OPTIONS,
  ifVersion: true,
  ifMatch: true,
  idempotencyKey: true,
  meta: true,
}
const STREAM_OPTIONS: OptionNames<StreamRequest> = {
  key: true,
  prefix: true,
  fields: true,
  from: true,
  until: true,
  maxBatch: true,
  combine: true,
  values: true,
  signal: true,
}

/** Names of the options of `get`. */
export const GET_OPTIONS: OptionNames<CallOptions & { readonly after?: Position }> = { ...CALL_OPTIONS, after: true }
/** Names of the options of `entries`. */
export const ENTRIES_OPTIONS: OptionNames<CallOptions & { readonly prefix?: string }> = {
  ...CALL_OPTIONS,
  prefix: true,
}
const COMPARE_AND_SET_OPTIONS: OptionNames<WriteOptions & { readonly expectedVersion: number }> = {
  ...WRITE_OPTIONS,
  expectedVersion: true,
}
const IMPORT_OPTIONS: OptionNames<ImportOptions> = { ...CALL_OPTIONS, onRow: true }

/** Throws unless the options of a call that reads are valid. @throws ArgumentError (`SYNC_ARGUMENT`) */
export function assertCallOptions<T extends CallOptions>(
  options: T,
  known: OptionNames<T> = CALL_OPTIONS as OptionNames<T>,
): void {
  assertOptions(options, known, 'options')
  const { signal } = options
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new ArgumentError(`signal: expected an AbortSignal, got ${formatValue(signal)}`)
}

/** Throws unless the options of an import are valid. @throws ArgumentError (`SYNC_ARGUMENT`) */
export function assertImportOptions(options: ImportOptions): void {
  assertCallOptions(options, IMPORT_OPTIONS)
  const { onRow, timeout } = options
  if (onRow !== undefined) assertFunction(onRow, 'onRow')
  if (timeout !== undefined) parseDuration(timeout, 'timeout')
}

/** Returns the key if it is a non-empty string. @throws ArgumentError (`SYNC_ARGUMENT`) */
export function parseKey(key: string): string {
  return assertNonEmptyString(key, 'key')
}

/**
 * Returns a frozen copy of a caller's document or fields. @throws ArgumentError (`SYNC_ARGUMENT`), NotJsonError
 * (`SYNC_NOT_JSON`)
 */
export function parseObject(value: unknown, label: string): JsonObject {
  const json = toJson(value)
  if (!isJsonObject(json)) throw new ArgumentError(`${label}: expected an object, got ${typeName(json)}`)
  return json
}

/**
 * Returns a frozen copy of a caller's patch. Its operations are checked when it is applied.
 * @throws ArgumentError (`SYNC_ARGUMENT`), NotJsonError (`SYNC_NOT_JSON`)
 */
export function parseOperations(ops: unknown): readonly Operation[] {
  if (!Array.isArray(ops)) throw new ArgumentError(`ops: expected an array of operations, got ${typeName(ops)}`)
  const copied: unknown = toJson(ops, { at: '/ops' })
  for (const each of copied as readonly (Partial<Operation> | null)[]) {
    const isWellFormed = typeof each?.op === 'string' && typeof each.path === 'string'
    if (!isWellFormed || (each.from !== undefined && typeof each.from !== 'string'))
      throw new ArgumentError('ops: expected operations with the strings op and path, and from where it is used')
  }
  return copied as readonly Operation[]
}

/** Throws unless the options of a write are valid. @throws ArgumentError (`SYNC_ARGUMENT`) */
export function assertWriteOptions(options: WriteOptions): void {
  assertOptions(options, WRITE_OPTIONS, 'options')
  const { meta, ifVersion, ifMatch, idempotencyKey } = options
  if (meta !== undefined) {
    const isObject = typeof meta === 'object' && meta !== null
    if (!isObject || Object.values(meta).some((value) => typeof value !== 'string'))
      throw new ArgumentError(`meta: expected an object of strings, got ${formatValue(meta)}`)
  }
  if (ifVersion !== undefined && (!Number.isSafeInteger(ifVersion) || ifVersion < 0))
    throw new ArgumentError(
      `ifVersion: expected a document version, got ${formatValue(ifVersion)}; an etag goes to ifMatch`,
    )
  if (ifMatch !== undefined) decodeETag(ifMatch)
  if (ifVersion !== undefined && ifMatch !== undefined)
    throw new ArgumentError('ifVersion, ifMatch: expected at most one, got both')
  if (idempotencyKey !== undefined) assertNonEmptyString(idempotencyKey, 'idempotencyKey')
}

/**
 * Returns the operation of a `compareAndSet` call, and its other options unchecked.
 * @throws ArgumentError (`SYNC_ARGUMENT`), NotJsonError (`SYNC_NOT_JSON`)
 */
export function parseCompareAndSet(
  field: string,
  value: unknown,
  options: WriteOptions & { readonly expectedVersion: number },
): { readonly operation: WriteOperation; readonly writeOptions: WriteOptions } {
  if (typeof field !== 'string') throw new ArgumentError(`field: expected a string, got ${formatValue(field)}`)
  assertOptions(options, COMPARE_AND_SET_OPTIONS, 'options')
  const { expectedVersion, ...writeOptions } = options
  if (writeOptions.ifVersion !== undefined || writeOptions.ifMatch !== undefined)
    throw new ArgumentError('ifVersion, ifMatch: expected neither in compareAndSet(), which has expectedVersion')
  if (!Number.isSafeInteger(expectedVersion) || expectedVersion < 0)
    throw new ArgumentError(`expectedVersion: expected a field version, got ${formatValue(expectedVersion)}`)
  const parsed = parseObject({ [field]: value }, 'value')[field] as Json
  return { operation: { kind: 'compareAndSet', field, value: parsed, expectedVersion }, writeOptions }
}

/**
 * Returns a stream's options with their defaults. @throws ArgumentError (`SYNC_ARGUMENT`), PositionError
 * (`SYNC_POSITION`)
 */
export function parseStreamOptions(options: StreamRequest): StreamOptions {
  assertOptions(options, STREAM_OPTIONS, 'options')
  const {
    key,
    prefix,
    fields,
    from = 'now',
    until = 'stopped',
    maxBatch = 50,
    combine = true,
    values = false,
    signal,
  } = options
  if (key !== undefined) parseKey(key)
  if (!Number.isSafeInteger(maxBatch) || maxBatch < 1) {
    throw new ArgumentError(`maxBatch: expected an integer of at least 1, got ${formatValue(maxBatch)}`)
  }
  if (fields !== undefined) assertFieldNames(fields)
  if (typeof values !== 'boolean') throw new ArgumentError(`values: expected a boolean, got ${formatValue(values)}`)
  const after = typeof from === 'object' && from !== null
  if (!after && from !== 'now' && from !== 'snapshot') {
    throw new ArgumentError(`from: expected 'now', 'snapshot' or { after: position }, got ${formatValue(from)}`)
  }
  assertOneOf(until, ['stopped', 'now'], 'until')
  const position = after ? decodePosition(from.after) : from
  return { key, prefix, fields: fields && new Set(fields), from: position, until, maxBatch, combine, values, signal }
}

/** Throws unless the value is an array of strings. @throws ArgumentError (`SYNC_ARGUMENT`) */
export function assertFieldNames(names: unknown): void {
  const isValid = Array.isArray(names) && names.every((name) => typeof name === 'string')
  if (!isValid) throw new ArgumentError(`fields: expected an array of field names, got ${formatValue(names)}`)
}
