import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SourceEdit } from './rule.ts'

const source = join(import.meta.dirname, '../../src')

/** Applies edits to the source, in memory. Returns the edited files by path. @throws Error if a snippet is not found exactly once */
export function applyEdits(edits: readonly SourceEdit[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { file, find, replace } of edits) {
    const path = join(source, file)
    const text = texts.get(path) ?? readFileSync(path, 'utf8')
    const found = text.split(find).length - 1
    if (found !== 1) throw new Error(`${file}: expected the snippet exactly once, got it ${found} times: ${find}`)
    texts.set(
      path,
      text.replace(find, () => replace),
    )
  }
  return texts
}
