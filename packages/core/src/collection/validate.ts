import type { StandardSchemaV1 } from '@standard-schema/spec'
import { RejectedError } from '../model/errors.ts'
import { type Json, type JsonObject, jsonEqual } from '../model/json.ts'

/**
 * Holds a document to its schema.
 * @throws RejectedError (`SYNC_REJECTED`) with the schema's issues, or if the schema would transform it
 */
export async function validate(schema: StandardSchemaV1, document: JsonObject): Promise<void> {
  const result = await runSchema(schema, document)
  if (result.issues) {
    const issues = result.issues.map(({ message, path }) => (path ? { message, path: formatPath(path) } : { message }))
    throw new RejectedError(`the document is not as its schema wants it: ${issues.map(formatIssue).join('; ')}`, issues)
  }
  if (!jsonEqual(result.value as Json, document)) {
    throw new RejectedError('the schema would transform the document', [
      { message: 'a schema here validates, it may not transform' },
    ])
  }
}

async function runSchema(schema: StandardSchemaV1, document: JsonObject): Promise<StandardSchemaV1.Result<unknown>> {
  try {
    return await schema['~standard'].validate(document)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RejectedError(`the schema failed: ${message}`, [{ message }], { cause })
  }
}

const formatPath = (path: NonNullable<StandardSchemaV1.Issue['path']>): string =>
  path.map((part) => `/${String(typeof part === 'object' ? part.key : part)}`).join('')

const formatIssue = ({ message, path }: { message: string; path?: string }): string =>
  path ? `${path}: ${message}` : message
