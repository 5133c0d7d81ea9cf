import { maskInlineCode, type Passage } from './passage.ts'
import type { Source } from './source.ts'

/** Returns the comments of the Lua code between two offsets: lines that begin with `-- `. */
export function luaComments(source: Source, start = 0, end: number = source.text.length): Passage[] {
  return [...source.text.slice(start, end).matchAll(/^[ \t]*-- (.*)$/gm)].map((match) => ({
    source,
    kind: 'comment',
    start: start + match.index,
    text: maskInlineCode(match[0].replace('--', '  ')),
  }))
}
