import type { StandardSchemaV1 } from '@standard-schema/spec'
import { RejectedError } from '../model/errors.ts'
import { type Json, type JsonObject, jsonEqual } from '../model/json.ts'

/**
 * Validates a document against the collection's schema.
 * @throws RejectedError (`SYNC_REJECTED`) with the schema's issues, or if the schema transforms the document
 */
export async function validate(schema: StandardSchemaV1, document: JsonObject): Promise<void> {
  const result = await runSchema(schema, document)
  if (result.issues) {
    const issues = result.issues.map(({ message, path }) => (path ? { message, path: formatPath(path) } : { message }))
    throw new RejectedError(`expected a valid document, got ${issues.map(formatIssue).join('; ')}`, issues)
  }
  if (!jsonEqual(result.value as Json, document)) {
    throw new RejectedError('expected a schema that only validates, got one that transforms the document', [
      { message: 'the schema transforms the document' },
    ])
  }
}

async function runSchema(schema: StandardSchemaV1, document: JsonObject): Promise<StandardSchemaV1.Result<unknown>> {
  try {
    return await schema['~standard'].validate(document)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RejectedError(`the schema threw: ${message}`, [{ message }], { cause })
  }
}

const formatPath = (path: NonNullable<StandardSchemaV1.Issue['path']>): string =>
  path.map((part) => `/${String(typeof part === 'object' ? part.key : part)}`).join('')

const formatIssue = ({ message, path }: { message: string; path?: string }): string =>
  path ? `${path}: ${message}` : message
