import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SourceEdit } from './rule.ts'

const source = join(import.meta.dirname, '../../src')

/** The files of the source that the edits are about, by path, as they are after them. @throws Error if one does not fit */
export function applyEdits(edits: readonly SourceEdit[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { file, find, replace } of edits) {
    const path = join(source, file)
    const text = texts.get(path) ?? readFileSync(path, 'utf8')
    const found = text.split(find).length - 1
    if (found !== 1) throw new Error(`${file} has ${found} times, where it should be once: ${find}`)
    texts.set(
      path,
      text.replace(find, () => replace),
    )
  }
  return texts
}
