import { create } from 'mutative'
import { ArgumentError, RejectedError, SyncError } from '../model/errors.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { toJson } from '../model/to-json.ts'

/**
 * Runs a recipe on a draft of the document. Unchanged values keep their identity, changed ones are copied and checked.
 * @throws RejectedError (`SYNC_REJECTED`) with the recipe's own error as `cause`; NotJsonError; ArgumentError if it is asynchronous
 */
export function runRecipe(document: JsonObject, recipe: (draft: never) => unknown): JsonObject {
  const next = runOnDraft(document, recipe)
  if (next === document) return document
  const checked = toJson(next, { known: document })
  if (!isJsonObject(checked)) throw new ArgumentError('a recipe returns a document or nothing')
  return checked
}

function runOnDraft(document: JsonObject, recipe: (draft: never) => unknown): unknown {
  const [draft, finalize] = create(document as object)
  let returned: unknown
  try {
    returned = recipe(draft as never)
  } catch (cause) {
    if (cause instanceof SyncError) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RejectedError(`the recipe refused: ${message}`, [{ message }], { cause })
  }
  if (returned instanceof Promise) {
    // it goes on by itself; what becomes of it concerns nobody
    returned.catch(() => {})
    throw new ArgumentError('a recipe cannot be asynchronous: it may have to run again')
  }
  // a document of the recipe's own may hold parts of the draft: it is copied before the draft ends
  return returned === undefined || returned === draft ? finalize() : toJson(returned)
}
