import type { StandardSchemaV1 } from '@standard-schema/spec'
import { messageOf, RejectedError } from '../model/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'

/**
 * Validates a document against the collection's schema. Members that the schema's output lacks are unknown to it, and
 * not compared: a newer version may have added them.
 * @throws RejectedError (`SYNC_REJECTED`) with the schema's issues, or if the schema adds or changes a member
 */
export async function validate(schema: StandardSchemaV1, document: JsonObject): Promise<void> {
  const result = await runSchema(schema, document)
  if (result.issues) {
    const issues = result.issues.map(({ message, path }) => (path ? { message, path: formatPath(path) } : { message }))
    throw new RejectedError(`expected a valid document, got ${issues.map(formatIssue).join('; ')}`, issues)
  }
  const path = findChanged(document, result.value)
  if (path === undefined) return
  const member = path === '' ? 'the root' : path
  throw new RejectedError(
    `expected a schema that only validates, got one that changes ${member}; apply defaults and transforms before the write`,
    [{ message: 'the schema changes this member', path }],
  )
}

/**
 * Returns a document with those members of the stored one that the schema does not know. Otherwise an instance of an
 * older version would remove what a newer one has added. Elements of arrays have no identity, and are not completed.
 */
export async function withUnknownMembers(
  schema: StandardSchemaV1,
  document: JsonObject,
  stored: JsonObject,
): Promise<JsonObject> {
  const result = await runSchema(schema, stored)
  return result.issues ? document : (complete(document, stored, result.value) as JsonObject)
}

function complete(next: Json, stored: Json, known: unknown): Json {
  if (!isJsonObject(next) || !isJsonObject(stored) || !isRecord(known)) return next
  const completed: Record<string, Json> = { ...next }
  for (const [name, value] of Object.entries(stored)) {
    const member = next[name]
    if (member !== undefined) completed[name] = complete(member, value, known[name])
    else if (!Object.hasOwn(known, name)) completed[name] = value
  }
  return Object.freeze(completed)
}

/** Returns the path of the first member that the schema added or changed. */
function findChanged(input: Json | undefined, output: unknown, path = ''): string | undefined {
  if (Array.isArray(input)) {
    if (!Array.isArray(output) || output.length !== input.length) return path
    for (const [index, element] of input.entries()) {
      const changed = findChanged(element, output[index], `${path}/${index}`)
      if (changed !== undefined) return changed
    }
    return undefined
  }
  if (input === undefined || !isJsonObject(input)) return output === input ? undefined : path
  if (!isRecord(output)) return path
  for (const [name, member] of Object.entries(output)) {
    const changed = member === undefined ? undefined : findChanged(input[name], member, `${path}/${name}`)
    if (changed !== undefined) return changed
  }
  return undefined
}

/** True for a plain object, not for a date or another class instance. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

async function runSchema(schema: StandardSchemaV1, document: JsonObject): Promise<StandardSchemaV1.Result<unknown>> {
  try {
    return await schema['~standard'].validate(document)
  } catch (cause) {
    const message = messageOf(cause)
    throw new RejectedError(`the schema threw: ${message}`, [{ message }], { cause })
  }
}

const formatPath = (path: NonNullable<StandardSchemaV1.Issue['path']>): string =>
  path.map((part) => `/${String(typeof part === 'object' ? part.key : part)}`).join('')

const formatIssue = ({ message, path }: { message: string; path?: string }): string =>
  path ? `${path}: ${message}` : message
