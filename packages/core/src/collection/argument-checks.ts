import { assertNonEmptyString, assertOneOf, formatValue } from '../model/assert.ts'
import { ArgumentError } from '../model/errors.ts'
import { decodeETag } from '../model/etag.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { decodePosition } from '../model/position.ts'
import { toJson } from '../model/to-json.ts'
import type { ChangesOptions, WriteOptions } from './api.ts'
import type { StreamOptions } from './change-stream.ts'

/** What a caller asks of a stream. */
export type StreamRequest = Omit<ChangesOptions<unknown>, 'fields'> & { readonly fields?: readonly string[] }

/** @throws ArgumentError (`SYNC_ARGUMENT`) unless it is a non-empty string */
export function parseKey(key: string): string {
  return assertNonEmptyString(key, 'key')
}

/** A caller's document or fields, copied and frozen. @throws ArgumentError, NotJsonError */
export function parseObject(value: unknown, label: string): JsonObject {
  const json = toJson(value)
  if (!isJsonObject(json)) throw new ArgumentError(`${label}: an object is needed`)
  return json
}

/** A caller's patch, copied and frozen; whether it fits shows when it is applied. @throws ArgumentError, NotJsonError */
export function parseOperations(ops: unknown): readonly Operation[] {
  if (!Array.isArray(ops)) throw new ArgumentError('ops: an array of operations is needed')
  const copied: unknown = toJson(ops, { at: '/ops' })
  for (const each of copied as readonly (Partial<Operation> | null)[]) {
    const isWellFormed = typeof each?.op === 'string' && typeof each.path === 'string'
    if (!isWellFormed || (each.from !== undefined && typeof each.from !== 'string'))
      throw new ArgumentError('ops: an operation has an op and a path')
  }
  return copied as readonly Operation[]
}

/** @throws ArgumentError (`SYNC_ARGUMENT`) for options that are not what they should be */
export function assertWriteOptions({ meta, ifVersion, ifMatch, idempotencyKey }: WriteOptions): void {
  if (meta !== undefined) {
    const isObject = typeof meta === 'object' && meta !== null
    if (!isObject || Object.values(meta).some((value) => typeof value !== 'string'))
      throw new ArgumentError('meta: an object of strings is needed')
  }
  if (ifVersion !== undefined && (!Number.isSafeInteger(ifVersion) || ifVersion < 0))
    throw new ArgumentError(
      `ifVersion: expected a document version, got ${formatValue(ifVersion)}; an etag goes to ifMatch`,
    )
  if (ifMatch !== undefined) decodeETag(ifMatch)
  if (ifVersion !== undefined && ifMatch !== undefined)
    throw new ArgumentError('ifVersion and ifMatch: expected at most one of them')
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== 'string' || idempotencyKey === ''))
    throw new ArgumentError(`idempotencyKey: expected a non-empty string, got ${formatValue(idempotencyKey)}`)
}

/** A stream's options with their defaults. @throws ArgumentError, PositionError */
export function parseStreamOptions(options: StreamRequest): StreamOptions {
  const { key, prefix, fields, from = 'now', until = 'stopped', maxBatch = 50, combine = true, signal } = options
  if (key !== undefined) parseKey(key)
  if (!Number.isSafeInteger(maxBatch) || maxBatch < 1) {
    throw new ArgumentError('maxBatch: a positive whole number is needed')
  }
  if (fields !== undefined) assertFieldNames(fields)
  const after = typeof from === 'object' && from !== null
  if (!after && from !== 'now' && from !== 'snapshot') {
    throw new ArgumentError("from: 'now', 'snapshot' or { after: position } is needed")
  }
  assertOneOf(until, ['stopped', 'now'], 'until')
  const position = after ? decodePosition(from.after) : from
  return { key, prefix, fields: fields && new Set(fields), from: position, until, maxBatch, combine, signal }
}

/** @throws ArgumentError (`SYNC_ARGUMENT`) unless it is an array of strings */
export function assertFieldNames(names: unknown): void {
  const isValid = Array.isArray(names) && names.every((name) => typeof name === 'string')
  if (!isValid) throw new ArgumentError('fields: an array of names is needed')
}
