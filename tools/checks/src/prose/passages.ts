import { luaComments } from './lua.ts'
import { markdownPassages } from './markdown.ts'
import type { Passage } from './passage.ts'
import type { Source } from './source.ts'
import { typescriptPassages } from './typescript.ts'

/** Returns all prose of a file, by the extension of its name. */
export function passagesOf(source: Source): Passage[] {
  if (source.file.endsWith('.md')) return markdownPassages(source)
  return source.file.endsWith('.lua') ? luaComments(source) : typescriptPassages(source)
}
