import { luaComments } from './lua.ts'
import { CODE, mask, maskInlineCode, type Passage } from './passage.ts'
import type { Source } from './source.ts'
import { parseSyntax, type Span, type StringSpan } from './syntax.ts'

/** Returns the docstrings, comments, test titles and sentences in strings of a TypeScript or JavaScript file. */
export function typescriptPassages(source: Source): Passage[] {
  const { comments, strings } = parseSyntax(source)
  const passages = [
    ...joinLines(source.text, comments).map((span) => commentPassage(source, span)),
    ...strings.flatMap((span) => stringPassages(source, span)),
  ]
  return passages.sort((a, b) => a.start - b.start)
}

/** Joins `//` comments on consecutive lines, because a sentence may run over them. */
function joinLines(text: string, comments: readonly Span[]): Span[] {
  const joined: Span[] = []
  for (const span of comments) {
    const last = joined.at(-1)
    if (last && isLineComment(text, last) && isLineComment(text, span) && areConsecutive(text, last, span)) {
      joined[joined.length - 1] = { start: last.start, end: span.end }
    } else joined.push(span)
  }
  return joined
}

const isLineComment = (text: string, { start }: Span): boolean => text.startsWith('//', start)

const areConsecutive = (text: string, first: Span, second: Span): boolean =>
  /^\r?\n[ \t]*$/.test(text.slice(first.end, second.start))

function commentPassage(source: Source, { start, end }: Span): Passage {
  const raw = source.text.slice(start, end)
  const delimiters = raw.startsWith('/*') ? /^\/\*+|\*+\/$|^[ \t]*\*(?!\/)/gm : /^[ \t]*\/\/+/gm
  const text = mask(mask(raw, delimiters, ' '), /^[ \t]*```[\s\S]*?```/gm, ' ')
  return { source, kind: /^\/\*\*[^/]/.test(raw) ? 'docstring' : 'comment', start, text: maskInlineCode(text) }
}

function stringPassages(source: Source, { start, end, isTitle, substitutions }: StringSpan): Passage[] {
  const raw = source.text.slice(start, end)
  if (/^[ \t]*-- /m.test(raw)) return luaComments(source, start, end)
  const characters = Array.from({ length: raw.length }, (_, at) => raw.charAt(at))
  for (const hole of substitutions) characters.fill(CODE, hole.start - start, hole.end - start)
  const text = maskInlineCode(mask(characters.join(''), /^.|.$|\\[nrt]/g, ' '))
  if (!isTitle && !isSentence(text)) return []
  return [{ source, kind: isTitle ? 'title' : 'string', start, text }]
}

const THREE_WORDS = /(?:\p{L}{2,}|\uFFFC+)[,:;]?\s+(?:\p{L}+|\uFFFC+)[,:;]?\s+(?:\p{L}{2,}|\uFFFC+)/u
const TWO_WORDS = /\p{L}{2}.*\b\p{L}{2}/su
const SOURCE_CODE = /=>|==| = |;\s*$|\.#|\bredis\.p?call\b/m

/** True for text that people read, as opposed to names, addresses and source code. */
function isSentence(text: string): boolean {
  return THREE_WORDS.test(text) && TWO_WORDS.test(text) && !SOURCE_CODE.test(text)
}
