import { create } from 'mutative'
import { assertNoPromise, typeName } from '../model/assert.ts'
import { ArgumentError, isSyncError, messageOf, RejectedError } from '../model/errors.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { toJson } from '../model/to-json.ts'

/**
 * Runs a recipe on a draft of the document. Unchanged values keep their identity; changed values are copied and
 * checked.
 * @throws RejectedError (`SYNC_REJECTED`) with the recipe's own error as `cause`
 * @throws NotJsonError (`SYNC_NOT_JSON`) if the result is not JSON
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the recipe is asynchronous or returns anything but a document
 */
export function runRecipe(document: JsonObject, recipe: (draft: never) => unknown): JsonObject {
  const next = runOnDraft(document, recipe)
  if (next === document) return document
  const checked = toJson(next, { known: document })
  if (!isJsonObject(checked))
    throw new ArgumentError(`recipe: expected a document or no return value, got ${typeName(checked)}`)
  return checked
}

function runOnDraft(document: JsonObject, recipe: (draft: never) => unknown): unknown {
  const [draft, finalize] = create(document as object)
  let returned: unknown
  try {
    returned = recipe(draft as never)
  } catch (cause) {
    if (isSyncError(cause)) throw cause
    const message = messageOf(cause)
    throw new RejectedError(`the recipe threw: ${message}`, [{ message }], { cause })
  }
  assertNoPromise(returned, 'recipe')
  // a document returned by the recipe may contain parts of the draft: it is copied before the draft is finalized
  return returned === undefined || returned === draft ? finalize() : toJson(returned)
}
